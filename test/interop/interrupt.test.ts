/** Ctrl-C on a command that waits: it ends at once, cleanly, with the reference's exit code, and the agent goes on. */

import { describe, expect, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { pairings } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

/** Far less than the time for which these commands would wait. */
const promptlyMs = 10_000;

describe.skipIf(requirePeer("serf") === undefined)("Ctrl-C", () => {
  for (const { title, command, agent: agentKind } of pairings) {
    describe.concurrent(title, () => {
      const sandbox = useSandbox();
      let agent: Agent;
      let silent: Agent;

      async function interrupt(args: readonly string[], begun: string) {
        const running = sandbox.startCommand(command, [args[0]!, `-rpc-addr=${agent.rpcAddress}`, ...args.slice(1)]);
        await waitFor(() => running.stdout.includes(begun), { what: `"${begun}"`, witnesses: [running, agent] });
        running.signal("SIGINT");
        const whenMs = performance.now();
        const code = await running.exited;
        expect(performance.now() - whenMs).toBeLessThan(promptlyMs);
        expect(running.stderr).toBe("");
        return { code, lines: running.stdout.trimEnd().split("\n") };
      }

      test.sequential("ends a monitor with exit code 0", async () => {
        agent = await sandbox.startAgent({ kind: agentKind, name: "main", profile: "wan" });
        const { code, lines } = await interrupt(["monitor"], "EventMemberJoin: main");
        expect(code).toBe(0);
        expect(lines.filter((line) => !/\[(INFO|WARN)\]|^Event Info|^\t/.test(line))).toEqual([]);
      });

      test.sequential("ends a query with exit code 1 and no totals", async () => {
        const { code, lines } = await interrupt(["query", "-timeout=60s", "nobody-answers"], "Ack from");
        expect(code).toBe(1);
        expect(lines).toEqual(["Query 'nobody-answers' dispatched", "Ack from 'main'"]);
      });

      test.sequential("ends a test of reachability with exit code 1", async () => {
        // Alive to others for a minute or so, as the profile goes, but it acknowledges nothing.
        silent = await sandbox.startAgent({ kind: agentKind, name: "silent", profile: "wan", join: [agent] });
        await waitFor(async () => (await agent.view()) === "main=alive silent=alive", {
          what: "both",
          witnesses: [agent],
        });
        silent.process.signal("SIGSTOP");
        const { code, lines } = await interrupt(["reachability"], "Starting reachability test");
        expect(code).toBe(1);
        expect(lines).toEqual([
          "Total members: 2, live members: 2",
          "Starting reachability test...",
          "Test interrupted",
        ]);
        expect((await agent.command(["info"])).code).toBe(0);
      });
    });
  }
});
