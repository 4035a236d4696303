/** Queries between Debian's agents and ours: asked by either, answered by either's handler scripts, relayed by either. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions, pairings } from "../support/directions.ts";
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

for (const { title, command: kind, agent: agentKind } of pairings) {
  describe.skipIf(skip).concurrent(`the query commands: ${title}`, () => {
    const sandbox = useSandbox();
    let agent: Agent;
    const run = (...args: string[]) => agent.command(args, kind);

    test.sequential("mistakes are told in the same words", async () => {
      agent = await sandbox.startAgent({
        kind: agentKind,
        name: "a",
        args: ["-event-handler=query:load=echo '<1>'"],
      });
      const said = async (...args: string[]) => {
        const { code, stdout } = await run("query", ...args);
        return [code, stdout.split("\n")[0]];
      };
      expect(await said()).toEqual([1, "A query name must be specified."]);
      const tooMany = "Too many command line arguments. Only a name and payload must be specified.";
      expect(await said("a", "b", "c")).toEqual([1, tooMany]);
      expect(await said("-tag=x", "load")).toEqual([1, "Error: Invalid tag: 'x'"]);
      expect(await said("-relay-factor=256", "load")).toEqual([1, "Relay factor must be between 0 and 255"]);
      expect(await said("-format=xml", "load")).toEqual([1, "Invalid format: xml"]);
      expect(await said("load", "x".repeat(1100))).toEqual([
        1,
        "Error sending query: query exceeds limit of 1024 bytes",
      ]);
      expect(await said("_serf_dance")).toEqual([1, "Error sending query: Queries cannot contain the '_serf_' prefix"]);
    });

    test.sequential("answers are printed alike, as text and as JSON", async () => {
      const text = await run("query", "-timeout=1s", "load");
      expect(linesOf(text)).toEqual([
        "Ack from 'a'",
        "Query 'load' dispatched",
        "Response from 'a': <1>",
        "Total Acks: 1",
        "Total Responses: 1",
      ]);
      const json = await run("query", "-timeout=1s", "-format=json", "load");
      expect(json.stdout).toBe(
        '{\n  "Acks": [\n    "a"\n  ],\n  "Responses": {\n    "a": "\\u003c1\\u003e\\n"\n  }\n}\n',
      );
      const none = await run("query", "-timeout=300ms", "-format=json", "-node=nobody", "load");
      expect(none.stdout).toBe('{\n  "Acks": null,\n  "Responses": {}\n}\n');
      expect([text.code, json.code, none.code]).toEqual([0, 0, 0]);
    });

    test.sequential("reachability is verbose when asked", async () => {
      const { code, stdout } = await run("reachability", "-verbose");
      expect(stdout.replace(/\d+\.\d\d/g, "N")).toBe(
        [
          "Total members: 1, live members: 1",
          "Starting reachability test...",
          "\tAck from 'a'",
          "Query time: N sec, time to last response: N sec",
          "Successfully contacted all live nodes",
          "",
        ].join("\n"),
      );
      expect(code).toBe(0);
    });

    test.sequential("Ctrl-C ends a query with code 1", async () => {
      const args = ["query", `-rpc-addr=${agent.rpcAddress}`, "-timeout=60s", "-node=nobody", "load"];
      const asking = sandbox.startCommand(kind, args);
      await expect.poll(() => asking.output, { timeout: 10_000 }).toContain("Query 'load' dispatched");
      asking.signal("SIGINT");
      expect(await asking.exited).toBe(1);
    });
  });
}
