/** Ten hosts, half of them with Debian's agent, on a network that loses packets or comes apart. The LAN profile, as it is without options. */

import { describe, expect, test } from "vitest";
import { type Agent, waitForView } from "../support/agent.ts";
import { type HostNetwork, type NetworkHost, whyNoNetworks } from "../support/netns.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import type { Kind } from "../support/serf-command.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

const minuteMs = 60_000;
const agentsCount = 10;
const skip = requirePeer("serf") === undefined || (await whyNoNetworks()) !== undefined;

interface Cluster {
  readonly network: HostNetwork;
  readonly hosts: readonly NetworkHost[];
  readonly agents: readonly Agent[];
}

describe.skipIf(skip).concurrent("with 10 % packet loss for two minutes", () => {
  const sandbox = useSandbox();

  test("nobody is declared failed", { timeout: 5 * minuteMs }, async () => {
    const { network, agents } = await startCluster(sandbox);
    await network.lose(10);
    const lossEndsAtMs = performance.now() + 2 * minuteMs;
    while (performance.now() < lossEndsAtMs) {
      await sleep(5_000);
      expectNoFailure(agents);
    }
    expect(await network.packetsLost()).toBeGreaterThan(500);
    await network.heal();
    await waitForView(agents, statuses(agents, "alive"));
    expectNoFailure(agents);
  });
});

describe.skipIf(skip).concurrent("a network that comes apart, five here and five there, for a minute", () => {
  const sandbox = useSandbox();

  test("is one again by itself in less than a minute", { timeout: 6 * minuteMs }, async () => {
    const { network, hosts, agents } = await startCluster(sandbox);
    const [here, there] = [agents.slice(0, 5), agents.slice(5)];
    await network.cut(hosts.slice(0, 5), hosts.slice(5));
    const cutAtMs = performance.now();
    await Promise.all([
      waitForView(here, { ...statuses(here, "alive"), ...statuses(there, "failed") }, minuteMs),
      waitForView(there, { ...statuses(there, "alive"), ...statuses(here, "failed") }, minuteMs),
    ]);
    // What is sent meanwhile reaches the others once they are found again.
    for (const [sender, name] of [
      [here[0]!, "from-here"],
      [there[0]!, "from-there"],
    ] as const)
      expect(await sender.command(["event", name])).toMatchObject({ code: 0 });
    await sleep(Math.max(0, cutAtMs + minuteMs - performance.now()));
    await network.heal();
    await waitForView(agents, statuses(agents, "alive"), minuteMs);
    for (const agent of agents) {
      for (const name of ["from-here", "from-there"])
        await waitFor(() => agent.log.includes(`Received event: user-event: ${name}`), {
          what: `${agent.name} to hear of the event ${name}`,
          // It takes a push/pull with one of those who have it; each node begins one in half a minute.
          deadlineMs: 2 * minuteMs,
          witnesses: [agent],
        });
    }
  });
});

/** Ours and Debian's in turn, so that both halves of the cluster have both. */
async function startCluster(sandbox: Sandbox): Promise<Cluster> {
  const network = await sandbox.network();
  const hosts = await network.addHosts(agentsCount);
  const agents: Agent[] = [];
  for (const [index, host] of hosts.entries()) {
    const kind: Kind = index % 2 === 0 ? "ours" : "debian";
    const join = agents.slice(0, 1);
    agents.push(await sandbox.startAgent({ kind, name: `${kind}-${index}`, host, join, profile: "lan" }));
  }
  await waitForView(agents, statuses(agents, "alive"));
  return { network, hosts, agents };
}

function statuses(agents: readonly Agent[], status: string): Record<string, string> {
  return Object.fromEntries(agents.map(({ name }) => [name, status]));
}

function expectNoFailure(agents: readonly Agent[]): void {
  for (const { name, log } of agents) {
    const failures = log.split("\n").filter((line) => line.includes("EventMemberFailed"));
    expect(failures, `what ${name} declared failed`).toEqual([]);
  }
}
