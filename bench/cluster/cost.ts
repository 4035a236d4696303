/** What an agent costs that does nothing but be a member. */

import { sleep } from "../../test/support/wait-for.ts";
import { cpuMs, proportionalMB, residentMB } from "../process-figures.ts";
import type { LiveCluster } from "./live-cluster.ts";
import { readTraffic } from "./network.ts";

/** All of them are means over the agents. */
export interface CostFigures {
  readonly cpuMsPerSecond: number;
  readonly residentMB: number;
  /** Memory that several processes share is divided among them. */
  readonly proportionalMB: number;
  readonly datagramsPerSecond: number | undefined;
  /** Whole IP packets, push/pulls included. */
  readonly bytesPerSecond: number | undefined;
}

/** Let what the join led to settle first: news that is still told, whole collections, the compiler. */
const settleMs = 30_000;

export async function measureCost(cluster: LiveCluster, seconds: number): Promise<CostFigures> {
  const pids = cluster.agents.map((agent) => agent.process.pid);
  await sleep(settleMs);
  const [cpuBefore, trafficBefore, startedAtMs] = [sum(pids.map(cpuMs)), readTraffic(), performance.now()];
  await sleep(seconds * 1000);
  const [cpuAfter, trafficAfter, endedAtMs] = [sum(pids.map(cpuMs)), readTraffic(), performance.now()];
  const perAgentSecond = (total: number) => total / pids.length / ((endedAtMs - startedAtMs) / 1000);
  const traffic =
    trafficBefore === undefined || trafficAfter === undefined
      ? undefined
      : {
          datagrams: trafficAfter.datagrams - trafficBefore.datagrams,
          bytes: trafficAfter.bytes - trafficBefore.bytes,
        };
  return {
    cpuMsPerSecond: perAgentSecond(cpuAfter - cpuBefore),
    datagramsPerSecond: traffic && perAgentSecond(traffic.datagrams),
    bytesPerSecond: traffic && perAgentSecond(traffic.bytes),
    residentMB: sum(pids.map(residentMB)) / pids.length,
    proportionalMB: sum(pids.map(proportionalMB)) / pids.length,
  };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
