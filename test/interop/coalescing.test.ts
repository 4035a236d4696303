/** What happens at about the same time reaches a script in one call. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { Handler } from "../support/handler.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

/** In the local profile a packet is told on twice at most: of four members, one in thirty would miss an event until the next push/pull. */
const profile = "lan";

for (const { title, founder: founderKind, newcomer: newcomerKind } of directions) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`coalescing: ${title}`, () => {
    const sandbox = useSandbox();
    let watcher: Agent;
    let cluster: Agent[];
    let handler: Handler;
    let eventNumber = 0;

    test.sequential("several members that join at once are one call of the script, a line each", async () => {
      const first = await sandbox.startAgent({ kind: founderKind, name: "one", profile });
      const others = ["two", "three"].map((name) =>
        sandbox.startAgent({ kind: founderKind, name, join: [first], profile }),
      );
      cluster = [first, ...(await Promise.all(others))];
      await waitForView(cluster, { one: "alive", two: "alive", three: "alive" });

      handler = await Handler.create(await sandbox.folder());
      const args = [`-event-handler=${handler.script}`];
      watcher = await sandbox.startAgent({ kind: newcomerKind, name: "watcher", args, profile });
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

    // A push/pull that happens to come between an event and its gossip hands it on uncoalesced, out of order. That is the reference's
    // way, and rare enough to try again, under another name.
    const tries = { retry: 2 };

    test.sequential("of user events with one name in quick succession the script sees the last", tries, async () => {
      const name = `deploy-${++eventNumber}`;
      for (const payload of ["first", "second", "third"]) await cluster[0]?.command(["event", name, payload]);
      const calls = await settledCalls(name);
      expect(calls.map(({ stdin }) => stdin)).toEqual(["third\n"]);
    });

    test.sequential("of user events that forbid coalescing the script sees each, in order", tries, async () => {
      const name = `restart-${++eventNumber}`;
      for (const payload of ["first", "second", "third"]) {
        await cluster[0]?.command(["event", "-coalesce=false", name, payload]);
        await sleep(500);
      }
      const calls = await settledCalls(name, 3);
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
