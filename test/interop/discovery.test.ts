/** Agents on one network that are given the same `-discover` find each other, ours and Debian's, with nothing else configured. */

import { describe, expect, test } from "vitest";
import { type Agent, type AgentOptions, waitForView } from "../support/agent.ts";
import { type HostNetwork, whyNoNetworks } from "../support/netns.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";

const skip = (await whyNoNetworks()) !== undefined;
const skipMixed = skip || requirePeer("serf") === undefined;
const deadlineMs = 40_000;

/** In the order in which they start: who comes later asks, who was there answers. */
const casts: readonly { readonly title: string; readonly kinds: readonly Kind[] }[] = [
  { title: "ours alone", kinds: ["ours", "ours", "ours"] },
  { title: "ours comes to Debian's", kinds: ["debian", "debian", "ours"] },
  { title: "Debian's comes to ours", kinds: ["ours", "ours", "debian"] },
];

for (const { title, kinds } of casts) {
  describe
    .skipIf(kinds.includes("debian") ? skipMixed : skip)
    .concurrent(`three hosts behind a bridge: ${title}`, () => {
      const sandbox = useSandbox();

      test("are one cluster within seconds", async () => {
        const network = await sandbox.network();
        const agents: Agent[] = [];
        // No address either: Debian's agent takes the host's private one by itself, and so does ours.
        for (const [index, kind] of kinds.entries())
          agents.push(await start(sandbox, { kind, name: `${kind}-${index}`, host: await network.addHost() }));
        await waitForOne(agents);
        const addresses = (await agents[0]!.members()).map(({ addr }) => addr);
        expect(addresses.sort()).toEqual(["10.77.0.1:7946", "10.77.0.2:7946", "10.77.0.3:7946"]);
        // Whoever comes to the other kind asks at once, before anybody else does so again.
        if (kinds.includes("debian")) expect(agents[2]!.log).toMatch(/agent: joining: \[.*10\.77\.0\.[12]:7946/);
      });
    });
}

describe.skipIf(skip).concurrent("agents with -discover", () => {
  const sandbox = useSandbox();

  test("find each other over IPv6 alone", async () => {
    const network = await sandbox.network();
    const agents: Agent[] = [];
    for (const name of ["a", "b"]) {
      const host = await network.addHost({ families: "ipv6" });
      agents.push(await start(sandbox, { kind: "ours", name, host, listen: ["-bind=[::]:7946"] }));
    }
    await waitForOne(agents);
    expect((await agents[0]!.members()).map(({ addr }) => addr).sort()).toEqual(["[fd77::1]:7946", "[fd77::2]:7946"]);
  });

  test("find each other on the interface that is named, and on one machine", async () => {
    const network = await sandbox.network();
    const [near, far] = [await network.addHost(), await network.addHost()];
    const listen = ["-iface=eth0"];
    const agents = [
      await start(sandbox, { kind: "ours", name: "a", host: near, listen }),
      await start(sandbox, {
        kind: "ours",
        name: "b",
        host: near,
        listen: ["-iface=eth0", "-bind=0.0.0.0:7950"],
        place: { bindPort: 7950, rpcPort: 7374 },
      }),
      await start(sandbox, { kind: "ours", name: "c", host: far, listen }),
    ];
    await waitForOne(agents);
    for (const { log } of agents) expect(log).toContain("agent: Starting mDNS listener on interface eth0");
    expect(agents[2]!.log).toContain("mDNS cluster: office");
  });

  test.skipIf(skipMixed)("share the port with Debian's on their own machine, whoever comes first", async () => {
    const network = await sandbox.network();
    const host = await network.addHost();
    const place = { bindPort: 7950, rpcPort: 7374 };
    const ours: AgentOptions = { kind: "ours", name: "a", host, listen: ["-bind=0.0.0.0:7950"], place };
    for (const [first, second] of [
      [ours, { kind: "debian", name: "b", host }],
      [{ kind: "debian", name: "b", host }, ours],
    ] as const) {
      const agents = [await start(sandbox, first), await start(sandbox, second)];
      await waitForOne(agents);
      for (const agent of agents) await agent.kill();
    }
  });

  test("leave those alone that look for another cluster", async () => {
    const network = await sandbox.network();
    const office = [await startOn(sandbox, network, "a", "office"), await startOn(sandbox, network, "b", "office")];
    const home = [await startOn(sandbox, network, "c", "home"), await startOn(sandbox, network, "d", "home")];
    await Promise.all([waitForOne(office), waitForOne(home)]);
  });

  test("find each other when the network comes up after they started", async () => {
    const network = await sandbox.network();
    const first = await startOn(sandbox, network, "a", "office");
    const late = await network.addHost({ families: "none" });
    const second = await start(sandbox, {
      kind: "ours",
      name: "b",
      host: late,
      listen: ["-bind=0.0.0.0:7946", `-advertise=${late.address}`],
    });
    await network.connect(late);
    await waitForOne([first, second]);
  });

  test("are told of an interface that does not exist", async () => {
    const network = await sandbox.network();
    const agent = await sandbox.launchAgent({
      kind: "ours",
      name: "a",
      host: await network.addHost(),
      args: ["-discover=office", "-mdns-iface=eth7"],
    });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toContain("Invalid mDNS network interface: there is no 'eth7', there are lo, eth0");
  });
});

function start(sandbox: Sandbox, options: AgentOptions, clusterName = "office"): Promise<Agent> {
  return sandbox.startAgent({ listen: [], args: [`-discover=${clusterName}`], ...options });
}

async function startOn(sandbox: Sandbox, network: HostNetwork, name: string, clusterName: string): Promise<Agent> {
  return start(sandbox, { kind: "ours", name, host: await network.addHost() }, clusterName);
}

/** Until each sees all of them alive, and nobody else. */
function waitForOne(agents: readonly Agent[]): Promise<void> {
  return waitForView(agents, Object.fromEntries(agents.map(({ name }) => [name, "alive"])), deadlineMs);
}
