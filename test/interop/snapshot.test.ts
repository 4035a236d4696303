/** A snapshot outlives its agent, and passes from one implementation to the other. */

import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

const skip = requirePeer("serf") === undefined;
/** Who writes the snapshot, and who takes it over. */
const passes = [
  { writer: "ours", reader: "ours" },
  { writer: "ours", reader: "debian" },
  { writer: "debian", reader: "ours" },
] as const;

async function startPair(
  sandbox: Sandbox,
  writer: Kind,
): Promise<{ seed: Agent; node: Agent; args: string[]; path: string }> {
  const path = join(await sandbox.folder(), "snapshot");
  const args = [`-snapshot=${path}`];
  const seed = await sandbox.startAgent({ kind: "debian", name: "seed" });
  const node = await sandbox.startAgent({ kind: writer, name: "node", join: [seed], args });
  await waitForView([seed, node], { seed: "alive", node: "alive" });
  return { seed, node, args, path };
}

/**
 * Ends it without a leave. Ours is killed the hard way; Debian's keeps lines back until there is a next one, and writes them
 * only at an orderly end.
 */
async function end(agent: Agent): Promise<void> {
  if (agent.kind === "ours") {
    await sleep(1_000);
    await agent.kill();
    return;
  }
  agent.process.signal("SIGTERM");
  expect(await agent.process.exited).toBe(1);
}

async function sendEvent(from: Agent, to: Agent, name: string): Promise<void> {
  expect((await from.command(["event", name])).code).toBe(0);
  await waitFor(() => to.log.includes(`messageUserEventType: ${name}`), {
    what: `${name} to arrive`,
    deadlineMs: 10_000,
    witnesses: [from, to],
  });
}

function restart(sandbox: Sandbox, node: Agent, kind: Kind, args: readonly string[]): Promise<Agent> {
  return sandbox.startAgent({ kind, name: node.name, place: node.place, args });
}

describe.skipIf(skip).concurrent.each(passes)(
  "a snapshot written by $writer, read by $reader",
  ({ writer, reader }) => {
    const sandbox = useSandbox();

    test("brings a killed agent back into its cluster, and there and back again", async () => {
      const { seed, node, args, path } = await startPair(sandbox, writer);
      await sendEvent(seed, node, "first");
      await end(node);
      const file = await readFile(path, "utf8");
      expect(file).toMatch(/^alive: seed 127\.0\.0\.1:\d+$/m);
      expect(file).toMatch(/^event-clock: 1$/m);
      const second = await restart(sandbox, node, reader, args);
      await waitForView([seed, second], { seed: "alive", node: "alive" });
      expect(second.log).toMatch(/Snapshot: true/);
      expect(second.log).toContain("serf: Re-joined to previously known node: seed: 127.0.0.1:");

      await sendEvent(seed, second, "second");
      await end(second);
      expect(await readFile(path, "utf8")).toMatch(/^event-clock: 2$/m);
      const third = await restart(sandbox, node, writer, args);
      await waitForView([seed, third], { seed: "alive", node: "alive" });
      await sleep(3_000);
      for (const { log } of [second, third]) {
        expect(log).not.toContain("user-event: first");
        expect(log).not.toMatch(/Unrecognized snapshot line|Failed to (parse|convert)/);
      }
      expect(third.log).not.toContain("user-event: second");
    }, 60_000);

    test("lets an agent that left start alone, unless it has -rejoin", async () => {
      const { seed, node, args, path } = await startPair(sandbox, writer);
      await node.leave();
      expect(await readFile(path, "utf8")).toMatch(/^alive: seed (.*\n)*leave$/m);
      await waitForView([seed], { seed: "alive", node: "left" });

      const back = await restart(sandbox, node, reader, [...args, "-rejoin"]);
      await waitForView([seed, back], { seed: "alive", node: "alive" });
      await back.leave();
      expect(await readFile(path, "utf8")).toMatch(/^leave\n(.*\n)*alive: seed (.*\n)*leave$/m);
      await waitForView([seed], { seed: "alive", node: "left" });

      const alone = await restart(sandbox, node, writer, args);
      await sleep(3_000);
      expect(await alone.view()).toBe("node=alive");
      expect(alone.log).not.toContain("Attempting re-join");
    }, 60_000);

    test("keeps members that had failed where ours writes it, and the reader minds that not", async () => {
      const { seed, node, args, path } = await startPair(sandbox, writer);
      await seed.kill();
      await waitForView([node], { seed: "failed", node: "alive" });
      await end(node);
      const file = await readFile(path, "utf8");
      expect(file).toMatch(/^not-alive: seed$/m);
      expect(/^# failed: seed 127\.0\.0\.1:\d+$/m.test(file)).toBe(writer === "ours");
      const seedAgain = await restart(sandbox, seed, "debian", []);
      const second = await restart(sandbox, node, reader, args);
      expect(second.log).not.toContain("Unrecognized snapshot line");
      if (writer === "ours" && reader === "ours")
        await waitForView([seedAgain, second], { seed: "alive", node: "alive" });
      else expect(await second.view()).toBe("node=alive");
    }, 60_000);
  },
);
