/** A member comes back under its old name at another address, while the others still remember the old one. The results are the reference's. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";

for (const { title, founder: stayingKind, newcomer: movingKind } of directions) {
  if (movingKind !== "debian") continue;

  describe.skipIf(requirePeer("serf") === undefined).concurrent(`same name, another port: ${title}`, () => {
    const sandbox = useSandbox();
    let staying: Agent[];
    let moving: Agent;

    test.sequential("while the old address still counts as alive, the newcomer loses the name and ends with 0", async () => {
      const first = await sandbox.startAgent({ kind: stayingKind, name: "first" });
      staying = [first, await sandbox.startAgent({ kind: stayingKind, name: "second", join: [first] })];
      moving = await sandbox.startAgent({ kind: movingKind, name: "moving", join: [first] });
      await waitForView(staying, { first: "alive", second: "alive", moving: "alive" });

      await moving.kill();
      const newcomer = await sandbox.launchAgent({ kind: movingKind, name: "moving", join: [first] });
      expect(await newcomer.process.exited).toBe(0);
      expect(newcomer.log).toContain("minority in name conflict resolution");
    });

    test.sequential("the others go on to fail the old address", async () => {
      await waitForView(staying, { first: "alive", second: "alive", moving: "failed" });
    });

    test.sequential("once it is failed, a newcomer gets the name when the old address is forgotten", async () => {
      const newcomer = await sandbox.startAgent({ kind: movingKind, name: "moving", join: [staying[0]!] });
      // The others keep a dead address as long as they gossip to the dead: 15 s in the local profile, 30 s in the LAN's.
      await waitForView([...staying, newcomer], { first: "alive", second: "alive", moving: "alive" }, 90_000);
      for (const agent of staying) {
        const member = (await agent.members()).find(({ name }) => name === "moving");
        expect(member?.port).toBe(newcomer.place.bindPort);
      }
    });
  });
}
