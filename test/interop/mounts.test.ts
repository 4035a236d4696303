/** What only the machine around an agent can show: a disk that is full, and a host name with several addresses. */

import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { loopback } from "../support/loopback.ts";
import { whyNoMounts, withMounts } from "../support/mounts.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const skip = requirePeer("serf") === undefined || whyNoMounts() !== undefined;

/** Loopback, with ports of its own and mounts of its own. */
async function placeWith(sandbox: Sandbox, mounts: string) {
  const host = { exec: withMounts(mounts), address: loopback };
  return { host, place: { bindPort: await sandbox.port(), rpcPort: await sandbox.port() } };
}

describe.skipIf(skip).concurrent("an agent whose snapshot is on a full disk", () => {
  const sandbox = useSandbox();

  test("says so, stays a member, and writes the snapshot anew once there is room (accident 21)", {
    timeout: 180_000,
  }, async () => {
    const disk = await sandbox.folder();
    const seed = await sandbox.startAgent({ kind: "debian", name: "seed" });
    const agent = await sandbox.startAgent({
      kind: "ours",
      name: "full",
      join: [seed],
      args: [`-snapshot=${disk}/snapshot`],
      ...(await placeWith(sandbox, `mount -t tmpfs -o size=64k none ${disk}`)),
    });
    await waitForView([seed, agent], { seed: "alive", full: "alive" });
    // The disk as the agent sees it.
    const inside = `/proc/${agent.process.pid}/root${disk}`;
    const filler = join(inside, "filler");
    await writeFile(filler, "x".repeat(1 << 20)).catch(() => undefined);
    await waitFor(
      async () => {
        await seed.command(["event", "-coalesce=false", "more"]);
        return /\[ERR\] serf: Failed to update snapshot: .*no space left/i.test(agent.log);
      },
      { what: "the disk to be full", deadlineMs: 60_000, intervalMs: 1, witnesses: [agent] },
    );
    await waitForView([seed, agent], { seed: "alive", full: "alive" });
    expect((await agent.command(["event", "while-full"])).code).toBe(0);
    await rm(filler);
    await waitFor(() => agent.log.includes("Finished compaction, successfully recovered from error state"), {
      what: "the snapshot to be written",
      deadlineMs: 60_000,
      witnesses: [agent],
    });
    expect(seed.log).not.toContain("EventMemberFailed");
    await agent.kill();
  });
});

describe.skipIf(skip).concurrent.each(directions)("a host name with several addresses, $title", (direction) => {
  const sandbox = useSandbox();

  test("is joined by any of them that answers", async () => {
    const founder = await sandbox.startAgent({ kind: direction.founder, name: "founder" });
    const hosts = join(await sandbox.folder(), "hosts");
    const addresses = ["127.0.0.7", loopback, "127.0.0.8"];
    await writeFile(hosts, addresses.map((address) => `${address} seeds\n`).join(""));
    const newcomer = await sandbox.startAgent({
      kind: direction.newcomer,
      name: "newcomer",
      args: [`-join=seeds:${founder.place.bindPort}`],
      ...(await placeWith(sandbox, `mount --bind ${hosts} /etc/hosts`)),
    });
    await waitForView([founder, newcomer], { founder: "alive", newcomer: "alive" });
    for (const gone of ["127.0.0.7", "127.0.0.8"]) expect(newcomer.log).toContain(`Failed to join ${gone}: `);
  });
});
