/** What an agent costs that does nothing but be a member of a cluster of 50: one cluster of ours, one of Debian's. */

import type { Agent } from "../test/support/agent.ts";
import type { Sandbox } from "../test/support/sandbox.ts";
import type { Kind } from "../test/support/serf-command.ts";
import { sleep, waitFor } from "../test/support/wait-for.ts";
import { cpuMs, proportionalMB, residentMB } from "./process-figures.ts";
import { atMost, type Row } from "./table.ts";

const nodes = 50;
/** Two push/pulls of each (every 60 s where there are so many) would show them better; what is told here is mostly probing. */
const measuredMs = 60_000;
/** Let the joins, their broadcasts and the compiler settle first: functions are still compiled a minute later, on other threads. */
const settleMs = 45_000;

export async function benchIdleCluster(createSandbox: () => Sandbox, progress: (line: string) => void): Promise<Row[]> {
  const ours = await measure("ours", createSandbox(), progress);
  const debian = await measure("debian", createSandbox(), progress);
  return [
    {
      what: `idle CPU of an agent, cluster of ${nodes}`,
      unit: "ms/s",
      ours: ours.cpuMsPerSecond,
      reference: debian.cpuMsPerSecond,
      aim: atMost(ours.cpuMsPerSecond, debian.cpuMsPerSecond, "at most the reference's"),
    },
    {
      what: `resident memory of an agent, cluster of ${nodes}`,
      unit: "MB",
      ours: ours.residentMB,
      reference: debian.residentMB,
      aim: atMost(ours.residentMB, 60, "under 60 MB"),
    },
    {
      what: "the same, shared pages divided among the agents (PSS)",
      unit: "MB",
      ours: ours.proportionalMB,
      reference: debian.proportionalMB,
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
      residentMB: mean(agents.map((agent) => residentMB(agent.process.pid))),
      proportionalMB: mean(agents.map((agent) => proportionalMB(agent.process.pid))),
    };
  } finally {
    await sandbox.close();
  }
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
