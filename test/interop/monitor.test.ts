/** `serf monitor`: the agent's log and events as they happen, by either command line from either agent. */

import { describe, expect, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { pairings } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import type { RunningProcess } from "../support/processes.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

for (const { title, command, agent: agentKind } of pairings) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`monitor: ${title}`, () => {
    const sandbox = useSandbox();
    let agent: Agent;
    let monitor: RunningProcess;

    test.sequential("it begins with what the agent logged before", async () => {
      agent = await sandbox.startAgent({ kind: agentKind, name: "main", args: ["-tag=role=web"] });
      monitor = sandbox.startCommand(command, ["monitor", `-rpc-addr=${agent.rpcAddress}`, "-log-level=debug"]);
      await shows(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[INFO\] agent: Serf agent starting$/m);
      await shows(/^\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d \[INFO\] serf: EventMemberJoin: main 127\.0\.0\.1$/m);
    });

    test.sequential("a user event is shown with its fields, as Go prints them", async () => {
      await agent.command(["event", "deploy", "v2"]);
      await showsEvent([
        "\tCoalesce: true",
        '\tEvent: "user"',
        "\tLTime: 1",
        '\tName: "deploy"',
        "\tPayload: []byte{0x76, 0x32}",
      ]);
    });

    test.sequential("a member event is shown with its members", async () => {
      await agent.command(["tags", "-set=role=db"]);
      const member = [
        '"Addr":[]uint8{0x7f, 0x0, 0x0, 0x1}, "DelegateCur":5, "DelegateMax":5, "DelegateMin":2, "Name":"main"',
        `"Port":0x${agent.place.bindPort.toString(16)}, "ProtocolCur":2, "ProtocolMax":5, "ProtocolMin":1, "Status":"alive"`,
        '"Tags":map[interface {}]interface {}{"role":"db"}',
      ].join(", ");
      await showsEvent([
        '\tEvent: "member-update"',
        `\tMembers: []interface {}{map[interface {}]interface {}{${member}}}`,
      ]);
    });

    test.sequential("at a higher level it shows less of the log", async () => {
      const args = ["monitor", `-rpc-addr=${agent.rpcAddress}`, "-log-level=err"];
      const quiet = sandbox.startCommand(command, args);
      // At this level nothing tells when it has begun to listen, so the event is sent until it does.
      const heard = async () => {
        await agent.command(["event", "second"]);
        return quiet.stdout.includes('"second"');
      };
      await waitFor(heard, { what: "the quiet monitor to hear", intervalMs: 500, witnesses: [quiet, agent] });
      expect(quiet.stdout).not.toContain("[INFO]");
    });

    const shows = (wanted: RegExp) =>
      waitFor(() => wanted.test(monitor.stdout), {
        what: `the monitor to show ${wanted}`,
        witnesses: [monitor, agent],
      });

    const showsEvent = (fields: readonly string[]) =>
      waitFor(() => expect(eventsIn(monitor.stdout)).toContainEqual(fields), {
        what: `the monitor to show ${fields.join(" ")}`,
        witnesses: [monitor, agent],
      });
  });
}

/** The fields of each event that a monitor showed, in order: the reference shows them as a Go map comes. */
function eventsIn(text: string): readonly (readonly string[])[] {
  const blocks = text.matchAll(/^Event Info:\n((?:\t.*\n)+)/gm);
  return [...blocks].map((block) => (block[1] ?? "").trimEnd().split("\n").sort());
}
