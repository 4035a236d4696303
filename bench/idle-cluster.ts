/** What an agent costs that does nothing but be a member of a cluster of 20: one cluster of ours, one of Debian's. */

import type { Agent } from "../test/support/agent.ts";
import type { Sandbox } from "../test/support/sandbox.ts";
import type { Kind } from "../test/support/serf-command.ts";
import { sleep, waitFor } from "../test/support/wait-for.ts";
import { cpuMs, residentMiB } from "./process-figures.ts";
import { atMost, type Row } from "./table.ts";

const nodes = 20;
/** Longer than two push/pulls (30 s) would show them better; what is told here is mostly probing. */
const measuredMs = 40_000;
/** Let the joins, their broadcasts and the compiler settle first. */
const settleMs = 15_000;

export async function benchIdleCluster(createSandbox: () => Sandbox, progress: (line: string) => void): Promise<Row[]> {
  const ours = await measure("ours", createSandbox(), progress);
  const debian = await measure("debian", createSandbox(), progress);
  return [
    {
      what: `idle CPU of an agent, cluster of ${nodes}`,
      unit: "ms/s",
      ours: ours.cpuMsPerSecond,
      reference: debian.cpuMsPerSecond,
      aim: atMost(ours.cpuMsPerSecond, 2 * debian.cpuMsPerSecond, "at most 2x"),
    },
    {
      what: `resident memory of an agent, cluster of ${nodes}`,
      unit: "MiB",
      ours: ours.residentMiB,
      reference: debian.residentMiB,
      aim: atMost(ours.residentMiB, 80, "under 80 MiB"),
    },
  ];
}

async function measure(kind: Kind, sandbox: Sandbox, progress: (line: string) => void) {
  progress(`starting ${nodes} agents (${kind})`);
  const agents: Agent[] = [];
  try {
    for (let index = 0; index < nodes; index++) {
      agents.push(
        await sandbox.startAgent({
          kind,
          name: `${kind}-${index}`,
          profile: "lan",
          join: agents.slice(0, 1),
          args: ["-log-level=info"],
        }),
      );
    }
    await waitFor(async () => (await agents[nodes - 1]!.members()).length === nodes, { what: "all to see all" });
    await sleep(settleMs);
    const before = agents.map((agent) => cpuMs(agent.process.pid));
    progress(`measuring ${measuredMs / 1000} s (${kind})`);
    await sleep(measuredMs);
    const spentMs = agents.map((agent, index) => cpuMs(agent.process.pid) - before[index]!);
    return {
      cpuMsPerSecond: mean(spentMs) / (measuredMs / 1000),
      residentMiB: mean(agents.map((agent) => residentMiB(agent.process.pid))),
    };
  } finally {
    await sandbox.close();
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
