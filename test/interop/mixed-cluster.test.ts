/** Ten agents, half of them Debian's and half of them ours, that have to agree on everything. The LAN profile, as in real use. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { keys } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const parts: readonly { readonly name: string; readonly kind: Kind }[] = [1, 2, 3, 4, 5].flatMap((number) => [
  { name: `debian-${number}`, kind: "debian" as const },
  { name: `ours-${number}`, kind: "ours" as const },
]);

for (const secrecy of keys) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`five and five, ${secrecy.title}`, () => {
    const sandbox = useSandbox();
    const agents = new Map<string, Agent>();
    const statuses: Record<string, string> = {};

    const start = async (part: (typeof parts)[number], index: number, join: readonly Agent[]) => {
      // Some compress and some do not: everybody reads both.
      const args = index % 3 === 0 ? ["-disable-compression"] : [];
      const agent = await sandbox.startAgent({ ...part, key: secrecy.key, join, args, profile: "lan" });
      agents.set(part.name, agent);
      statuses[part.name] = "alive";
      return agent;
    };

    test.sequential("all ten see all ten", async () => {
      const [first, ...others] = parts;
      const founder = await start(first!, 0, []);
      await Promise.all(others.map((part, index) => start(part, index + 1, [founder])));
      await waitForView([...agents.values()], statuses);
    });

    test.sequential("an event of either kind of agent reaches all ten", async () => {
      for (const sender of ["debian-2", "ours-2"]) {
        await agents.get(sender)?.command(["event", `from-${sender}`, "x".repeat(300)]);
        await waitForLine([...agents.values()], `agent: Received event: user-event: from-${sender}`);
      }
    });

    for (const victim of ["debian-3", "ours-3"]) {
      test.sequential(`${victim} is killed, and all the others agree that it failed`, async () => {
        await agents.get(victim)?.kill();
        agents.delete(victim);
        statuses[victim] = "failed";
        await waitForView([...agents.values()], statuses, 60_000);
      });
    }

    test.sequential("nobody else was suspected so far that it failed", () => {
      for (const agent of agents.values()) {
        const failures = agent.log.match(/EventMemberFailed: \S+/g) ?? [];
        expect([...new Set(failures)].sort(), agent.name).toEqual([
          "EventMemberFailed: debian-3",
          "EventMemberFailed: ours-3",
        ]);
      }
    });
  });
}

function waitForLine(agents: readonly Agent[], line: string): Promise<true> {
  return waitFor(
    () => {
      const missing = agents.filter((agent) => !agent.log.includes(line)).map(({ name }) => name);
      if (missing.length > 0) throw new Error(`not in the log of ${missing.join(" ")}`);
      return true;
    },
    { what: `all to log "${line}"`, deadlineMs: 60_000, witnesses: agents },
  );
}
