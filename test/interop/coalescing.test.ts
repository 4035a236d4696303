/** What happens at about the same time reaches a script in one call. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { Handler } from "../support/handler.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

for (const { title, founder: founderKind, newcomer: newcomerKind } of directions) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`coalescing: ${title}`, () => {
    const sandbox = useSandbox();
    let watcher: Agent;
    let cluster: Agent[];
    let handler: Handler;

    test.sequential("several members that join at once are one call of the script, a line each", async () => {
      const first = await sandbox.startAgent({ kind: founderKind, name: "one" });
      const others = ["two", "three"].map((name) => sandbox.startAgent({ kind: founderKind, name, join: [first] }));
      cluster = [first, ...(await Promise.all(others))];
      await waitForView(cluster, { one: "alive", two: "alive", three: "alive" });

      handler = await Handler.create(await sandbox.folder());
      const args = [`-event-handler=${handler.script}`];
      watcher = await sandbox.startAgent({ kind: newcomerKind, name: "watcher", args });
      await waitFor(async () => (await handler.calls()).length === 1, {
        what: "the watcher to hear of itself",
        witnesses: [watcher],
      });
      // Its own cluster of one meets the other of three: one exchange brings all three.
      expect(await watcher.command(["join", first.address])).toMatchObject({
        code: 0,
        stdout: "Successfully joined cluster by contacting 1 nodes.\n",
      });
      const calls = await waitFor(
        async () => {
          const joins = await handler.callsOf("member-join");
          return joins.length > 1 && joins;
        },
        { what: "the watcher's script to hear of the three", witnesses: [watcher] },
      );
      expect(calls.map(({ stdin }) => stdin.split("\n").sort())).toEqual([
        ["", "watcher\t127.0.0.1\t\t"],
        ["", "one\t127.0.0.1\t\t", "three\t127.0.0.1\t\t", "two\t127.0.0.1\t\t"],
      ]);
    });

    test.sequential("of user events with one name in quick succession the script sees the last", async () => {
      for (const payload of ["first", "second", "third"]) await cluster[0]?.command(["event", "deploy", payload]);
      const calls = await settledCalls("deploy");
      expect(calls.map(({ stdin }) => stdin)).toEqual(["third\n"]);
    });

    test.sequential("of user events that forbid coalescing the script sees each, in order", async () => {
      for (const payload of ["first", "second", "third"]) {
        await cluster[0]?.command(["event", "-coalesce=false", "restart", payload]);
        await sleep(300);
      }
      const calls = await settledCalls("restart", 3);
      expect(calls.map(({ stdin }) => stdin)).toEqual(["first\n", "second\n", "third\n"]);
    });

    /** The calls for a user event: as many as wanted, and then those of one more period of quiescence. */
    const settledCalls = async (name: string, wanted = 1) => {
      const callsFor = async () =>
        (await handler.callsOf("user")).filter(({ environment }) => environment["SERF_USER_EVENT"] === name);
      await waitFor(async () => (await callsFor()).length >= wanted, {
        what: `${wanted} call(s) of the script for ${name}`,
        witnesses: [watcher],
      });
      await sleep(1500);
      return callsFor();
    };
  });
}
