/** Agents that keep trying to join each other become one cluster, whoever is started first. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { directions } from "../support/directions.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { sleep } from "../support/wait-for.ts";

const skip = requirePeer("serf") === undefined;

for (const { title, founder: founderKind, newcomer: newcomerKind } of directions) {
  const parts = [
    { name: "a", kind: founderKind },
    { name: "b", kind: newcomerKind },
    { name: "c", kind: newcomerKind },
  ];
  for (const order of ["a b c", "b c a", "c a b"]) {
    describe.skipIf(skip).concurrent(`retry-join: ${title}`, () => {
      const sandbox = useSandbox();

      test(`started in the order ${order}, one second apart, they find each other`, async () => {
        const ports = new Map<string, number>();
        for (const { name } of parts) ports.set(name, await sandbox.port());
        const agents: Agent[] = [];
        for (const name of order.split(" ")) {
          if (agents.length > 0) await sleep(1000);
          const kind = parts.find((part) => part.name === name)?.kind ?? founderKind;
          // Only a is known to the others; a itself knows c.
          const seed = `${loopback}:${ports.get(name === "a" ? "c" : "a")}`;
          const place = { bindPort: ports.get(name) ?? 0, rpcPort: await sandbox.port() };
          const args = [`-retry-join=${seed}`, "-retry-interval=1s"];
          agents.push(await sandbox.launchAgent({ kind, name, args, place }));
        }
        for (const agent of agents) expect(await agent.isRunning(), agent.describe()).toBe(true);
        await waitForView(agents, { a: "alive", b: "alive", c: "alive" });
      });
    });
  }
}

const lonelyKinds = [...new Set(directions.flatMap(({ founder, newcomer }) => [founder, newcomer]))];

for (const kind of lonelyKinds) {
  describe.skipIf(skip).concurrent(`retry-join: ${kind} alone`, () => {
    const sandbox = useSandbox();

    test("an agent that finds nobody ends with 1 after its last try", async () => {
      const nobody = await sandbox.port();
      const args = [`-retry-join=${loopback}:${nobody}`, "-retry-interval=1s", "-retry-max=2"];
      const agent = await sandbox.launchAgent({ kind, name: "lonely", args });
      expect(await agent.process.exited).toBe(1);
      expect(agent.log).toContain("agent: maximum retry join attempts made, exiting");
    });

    test("an agent whose -join finds nobody ends with 1 at once", async () => {
      const nobody = await sandbox.port();
      const agent = await sandbox.launchAgent({ kind, name: "lonely", args: [`-join=${loopback}:${nobody}`] });
      expect(await agent.process.exited).toBe(1);
    });
  });
}
