/**
 * A member comes back under its old name at another address, while the others still remember the old one. Debian's results are the reference's, but that
 * ours do not wait until a member that failed is forgotten: see docs/DEVIATIONS.md.
 */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

const skip = requirePeer("serf") === undefined;

for (const { title, founder: stayingKind, newcomer: movingKind } of directions) {
  const story = movingKind === "debian" ? tellOfDebian : tellOfOurs;
  describe.skipIf(skip).concurrent(`same name, another port: ${title}`, () => story(stayingKind));
}

describe.concurrent("same name, another port: ours joins ours", () => {
  const sandbox = useSandbox();
  let staying: readonly Agent[];

  test.sequential("at once after its end, the newcomer has its name within seconds", async () => {
    staying = await startCluster(sandbox, "ours", "ours");
    const newcomer = await sandbox.startAgent({ kind: "ours", name: "moving", join: staying });
    await waitForMove(staying, newcomer, 10_000);
    await newcomer.kill();
  });

  test.sequential("and also once the others hold it for failed", async () => {
    await waitForView(staying, { first: "alive", second: "alive", moving: "failed" });
    const newcomer = await sandbox.startAgent({ kind: "ours", name: "moving", join: staying });
    await waitForMove(staying, newcomer, 10_000);
  });
});

function tellOfDebian(stayingKind: Kind): void {
  const sandbox = useSandbox();
  let staying: readonly Agent[];

  test.sequential("while the old address still counts as alive, the newcomer loses the name and ends with 0", async () => {
    staying = await startCluster(sandbox, stayingKind, "debian");
    const newcomer = await sandbox.launchAgent({ kind: "debian", name: "moving", join: staying });
    expect(await newcomer.process.exited).toBe(0);
    expect(newcomer.log).toContain("minority in name conflict resolution");
  });

  test.sequential("the others go on to fail the old address", async () => {
    await waitForView(staying, { first: "alive", second: "alive", moving: "failed" });
  });

  const isFreeAtOnce = stayingKind === "ours";
  const title = isFreeAtOnce
    ? "once it is failed, ours let a newcomer have the name within seconds"
    : "once it is failed, a newcomer gets the name when the old address is forgotten";
  test.sequential(title, async () => {
    const newcomer = await sandbox.startAgent({ kind: "debian", name: "moving", join: staying });
    // The others keep a dead address as long as they gossip to the dead: 15 s in the local profile, 30 s in the LAN's.
    await waitForMove(staying, newcomer, isFreeAtOnce ? 10_000 : 90_000);
  });
}

/** Faster than the reference as long as the others do not know of the death, or are ours: see docs/DEVIATIONS.md. */
function tellOfOurs(stayingKind: Kind): void {
  const sandbox = useSandbox();
  let staying: readonly Agent[];

  test.sequential("while the old address still counts as alive, the newcomer takes its name back within seconds", async () => {
    staying = await startCluster(sandbox, stayingKind, "ours");
    const newcomer = await sandbox.startAgent({ kind: "ours", name: "moving", join: staying });
    await waitForMove(staying, newcomer, 10_000);
    await newcomer.kill();
  });

  test.sequential("once the old address is failed, the name is free when it is forgotten, as in the reference", async () => {
    await waitForView(staying, { first: "alive", second: "alive", moving: "failed" });
    const newcomer = await sandbox.startAgent({ kind: "ours", name: "moving", join: staying });
    await waitForMove(staying, newcomer, 90_000);
  });

  test.sequential("a newcomer whose name is held by a living node loses the vote and ends with 0", async () => {
    const newcomer = await sandbox.launchAgent({ kind: "ours", name: "first", join: staying });
    expect(await newcomer.process.exited).toBe(0);
    expect(newcomer.log).toContain("[WARN] serf: minority in name conflict resolution, quiting [0 / ");
    expect(newcomer.log).toContain("[WARN] agent: Serf shutdown detected, quitting");
    for (const agent of staying) {
      const first = (await agent.members()).find(({ name }) => name === "first");
      expect(first).toMatchObject({ status: "alive", port: staying[0]?.place.bindPort });
    }
  });

  test.sequential("with disable_name_resolution the newcomer stays, without the name", async () => {
    const config = join(await sandbox.folder(), "stay.json");
    await writeFile(config, JSON.stringify({ disable_name_resolution: true }));
    const args = [`-config-file=${config}`];
    const newcomer = await sandbox.startAgent({ kind: "ours", name: "first", join: staying, args });
    await sleep(5000);
    expect(newcomer.process.exit).toBeUndefined();
    expect(newcomer.log).toContain("(Resolution enabled: false)");
    await newcomer.kill();
  });
}

/** Two that stay and one that moves; the one that moves has just been killed, and the others do not know it yet. */
async function startCluster(sandbox: Sandbox, stayingKind: Kind, movingKind: Kind): Promise<readonly Agent[]> {
  // Else ours know in a second, on a slow machine before the newcomer has started, and then its name is free.
  const args = stayingKind === "ours" && movingKind === "debian" ? ["-disable-fast-failure"] : [];
  const first = await sandbox.startAgent({ kind: stayingKind, name: "first", args });
  const second = await sandbox.startAgent({ kind: stayingKind, name: "second", join: [first], args });
  const moving = await sandbox.startAgent({ kind: movingKind, name: "moving", join: [first] });
  await waitForView([first, second], { first: "alive", second: "alive", moving: "alive" });
  await moving.kill();
  return [first, second];
}

/** Waits until all see the newcomer alive, at its new port. */
function waitForMove(staying: readonly Agent[], newcomer: Agent, deadlineMs: number): Promise<void> {
  const agents = [...staying, newcomer];
  return waitFor(
    async () => {
      for (const agent of agents) {
        const member = (await agent.members()).find(({ name }) => name === newcomer.name);
        expect(member, agent.name).toMatchObject({ status: "alive", port: newcomer.place.bindPort });
      }
    },
    { what: `${newcomer.name} to be alive at its new port`, deadlineMs, witnesses: agents },
  );
}
