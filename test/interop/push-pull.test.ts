/** A network that loses every packet and lets streams through: push/pull alone still brings everybody to the same view. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import type { Relay } from "../support/relay.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

for (const { title, founder: founderKind, newcomer: newcomerKind } of directions) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`${title}, every packet lost`, () => {
    const sandbox = useSandbox();
    const relays: Relay[] = [];
    const agents: Agent[] = [];
    const everybodyAlive = { founder: "alive", newcomer: "alive", late: "alive" };

    test.sequential("three that joined by streams see each other", async () => {
      for (const [name, kind] of [
        ["founder", founderKind],
        ["newcomer", newcomerKind],
        ["late", founderKind],
      ] as const) {
        const place = { bindPort: await sandbox.port(), rpcPort: await sandbox.port() };
        const relay = await sandbox.startRelay(place.bindPort);
        const args = [`-advertise=${loopback}:${relay.port}`];
        if (agents.length > 0) args.push(`-join=${loopback}:${relays[0]?.port}`);
        agents.push(await sandbox.startAgent({ kind, name, args, place }));
        relays.push(relay);
      }
      await waitForView(agents, everybodyAlive, 60_000);
    });

    test.sequential("a change of tags gets through by push/pull", async () => {
      await agents[1]?.command(["tags", "-set=version=2"]);
      for (const agent of agents) {
        await waitFor(
          async () => {
            const newcomer = (await agent.members()).find(({ name }) => name === "newcomer");
            expect(newcomer?.tags).toEqual({ version: "2" });
          },
          { what: `${agent.name} to see the tag of newcomer`, deadlineMs: 90_000, witnesses: agents },
        );
      }
    });

    test.sequential("a user event gets through by push/pull", async () => {
      await agents[0]?.command(["event", "-coalesce=false", "deploy", "v2"]);
      for (const agent of agents) {
        await waitFor(() => agent.log.includes("agent: Received event: user-event: deploy"), {
          what: `${agent.name} to receive the event`,
          deadlineMs: 90_000,
          witnesses: agents,
        });
      }
    });

    test.sequential("nobody failed meanwhile: the stream pings were answered, though every packet was lost", async () => {
      await waitForView(agents, everybodyAlive);
      for (const agent of agents) expect(agent.log).not.toContain("EventMemberFailed");
      for (const relay of relays) expect(relay.packetsLost).toBeGreaterThan(10);
    });
  });
}
