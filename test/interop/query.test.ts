/** Queries between Debian's agents and ours: asked by either, answered by either's handler scripts, relayed by either. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import type { CommandResult } from "../support/serf-command.ts";

const skip = requirePeer("serf") === undefined;

/** The lines of a query's output that do not depend on order, sorted. */
function linesOf({ stdout }: CommandResult): string[] {
  return stdout.trimEnd().split("\n").toSorted();
}

for (const { title, founder, newcomer } of directions) {
  describe.skipIf(skip).concurrent(`queries: ${title}`, () => {
    const sandbox = useSandbox();
    let asking: Agent;
    let others: readonly Agent[];

    test.sequential("three agents, of which two are of the other kind", async () => {
      const handler = (text: string) => `-event-handler=query:load=${text}`;
      asking = await sandbox.startAgent({
        kind: founder,
        name: "asking",
        args: ["-tag=role=lb", handler("echo lb"), "-event-handler=query:silent=true"],
      });
      const start = (name: string, script: string) =>
        sandbox.startAgent({
          kind: newcomer,
          name,
          join: [asking],
          args: [
            "-tag=role=web",
            handler(script),
            "-event-handler=query:large=head -c 2000 /dev/zero | tr '\\0' x",
            "-event-handler=query:fails=echo no; exit 1",
          ],
        });
      others = [await start("web-1", 'read word; echo "$SERF_QUERY_NAME $word"'), await start("web-2", "echo two")];
      await waitForView([asking, ...others], { asking: "alive", "web-1": "alive", "web-2": "alive" });
    });

    test.sequential("acks and answers of all arrive", async () => {
      const result = await asking.command(["query", "load", "now"]);
      expect(linesOf(result)).toEqual([
        "Ack from 'asking'",
        "Ack from 'web-1'",
        "Ack from 'web-2'",
        "Query 'load' dispatched",
        "Response from 'asking': lb",
        "Response from 'web-1': load now",
        "Response from 'web-2': two",
        "Total Acks: 3",
        "Total Responses: 3",
      ]);
      expect(result.code).toBe(0);
    });

    test.sequential("filters by tag and by name, without acks, and in JSON", async () => {
      const byTag = await asking.command(["query", "-no-ack", "-tag=role=^w.b$", "load"]);
      expect(linesOf(byTag)).toEqual([
        "Query 'load' dispatched",
        "Response from 'web-1': load ",
        "Response from 'web-2': two",
        "Total Responses: 2",
      ]);
      const byName = await asking.command(["query", "-format=json", "-node=web-2", "load"]);
      expect(JSON.parse(byName.stdout)).toEqual({ Acks: ["web-2"], Responses: { "web-2": "two\n" } });
    });

    test.sequential("relayed answers count once", async () => {
      const result = await asking.command(["query", "-relay-factor=1", "load"]);
      expect(linesOf(result).slice(-2)).toEqual(["Total Acks: 3", "Total Responses: 3"]);
      const relays = [asking, ...others].filter(({ log }) => log.includes("serf: Relaying response to addr"));
      expect(relays.length).toBeGreaterThan(0);
    });

    test.sequential("an answer too large, a handler that fails, and a wrong expression leave only acks or nothing", async () => {
      const large = await asking.command(["query", "-timeout=3s", "-tag=role=web", "large"]);
      expect(linesOf(large).slice(-2)).toEqual(["Total Acks: 2", "Total Responses: 0"]);
      for (const other of others)
        expect(other.log).toContain(
          "[WARN] agent: Failed to respond to query 'query: large': failed to respond to key query: response exceeds limit of 1024 bytes",
        );
      const fails = await asking.command(["query", "-timeout=3s", "-tag=role=web", "fails"]);
      expect(linesOf(fails).slice(-2)).toEqual(["Total Acks: 2", "Total Responses: 0"]);
      const wrong = await asking.command(["query", "-timeout=1s", "-tag=role=(", "load"]);
      expect(linesOf(wrong).slice(-2)).toEqual(["Total Acks: 0", "Total Responses: 0"]);
      for (const other of others) expect(other.log).toContain("[WARN] serf: failed to compile filter regex (():");
    });

    test.sequential("reachability counts the acks of all", async () => {
      const result = await asking.command(["reachability"]);
      expect(result.stdout).toBe(
        "Total members: 3, live members: 3\nStarting reachability test...\nSuccessfully contacted all live nodes\n",
      );
      expect(result.code).toBe(0);
    });
  });
}
