/** One cell of Lifeguard's experiment: a cluster in which the messages of some members stand still again and again. */

import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { MemberlistCluster } from "./memberlist-cluster.ts";

const asHashicorp = { dissemination: "timer", fastFailure: false } as const;
const plain = { ...asHashicorp, awarenessMaxMultiplier: 1, suspicionMaxTimeoutMult: 1, tellSuspects: false } as const;
const all = { ...asHashicorp, awarenessMaxMultiplier: 8, suspicionMaxTimeoutMult: 6, tellSuspects: true } as const;

/** SWIM without Lifeguard, with each of its parts alone, with all, and the default: all, news sent on at once, and crashes watched for. */
export const variants = {
  SWIM: plain,
  "LHA-Probe": { ...plain, awarenessMaxMultiplier: all.awarenessMaxMultiplier },
  "LHA-Suspicion": { ...plain, suspicionMaxTimeoutMult: all.suspicionMaxTimeoutMult },
  "Buddy System": { ...plain, tellSuspects: true },
  Lifeguard: all,
  "serf-ts": {},
} as const satisfies Record<string, Partial<MemberlistOptions>>;

export type Variant = keyof typeof variants;

export interface Cell {
  readonly variant: Variant;
  readonly nodes: number;
  /** How many members are stalled at the same times. */
  readonly slow: number;
  /** For how long they are, and how long they run in between. */
  readonly pauseMs: number;
  readonly runMs: number;
  /** How long that goes on. */
  readonly forMs: number;
  readonly seed: number;
}

export interface CellResult extends Cell {
  /** Healthy members called failed, once for each node that was told so. */
  readonly falsePositives: number;
  /** Those told to nodes that were healthy themselves. */
  readonly falsePositivesAtHealthy: number;
  readonly packets: number;
  readonly bytes: number;
}

export function runCell(cell: Cell): CellResult {
  const { variant, nodes, slow, pauseMs, runMs, forMs, seed } = cell;
  const cluster = new MemberlistCluster(seed, variants[variant]);
  const { network } = cluster;
  cluster.acquaint(nodes);
  const slowNodes = cluster.nodes.slice(-slow);
  const slowNames = new Set(slowNodes.map(({ host }) => host.name));
  let falsePositives = 0;
  let falsePositivesAtHealthy = 0;
  cluster.heldForDead = (observer, member) => {
    if (slowNames.has(member)) return;
    falsePositives++;
    if (!slowNames.has(observer)) falsePositivesAtHealthy++;
  };
  const before = { ...network.traffic };
  const endMs = network.nowMs + forMs;
  while (network.nowMs < endMs) {
    for (const { host } of slowNodes) host.stall();
    network.run(Math.min(pauseMs, endMs - network.nowMs));
    for (const { host } of slowNodes) host.resume();
    network.run(Math.min(runMs, endMs - network.nowMs));
  }
  const { packets, packetBytes, streamBytes } = network.traffic;
  return {
    ...cell,
    falsePositives,
    falsePositivesAtHealthy,
    packets: packets - before.packets,
    bytes: packetBytes + streamBytes - before.packetBytes - before.streamBytes,
  };
}

/** How fast members that die, `dead` of them at once, are found out in a healthy cluster. */
export interface DetectionTask {
  readonly variant: Variant;
  readonly nodes: number;
  readonly dead: number;
  readonly seeds: readonly number[];
}

/** One of each for each death: until somebody held it for failed, and until all did. */
export interface DetectionTimes {
  readonly firstMs: number[];
  readonly allMs: number[];
}

export function runDetection({ variant, nodes, dead, seeds }: DetectionTask): DetectionTimes {
  const firstMs: number[] = [];
  const allMs: number[] = [];
  for (const seed of seeds) {
    const cluster = new MemberlistCluster(seed, variants[variant]);
    cluster.acquaint(nodes);
    const { network } = cluster;
    const beganMs = network.nowMs;
    const doomed = cluster.nodes.slice(-dead);
    const times = new Map<string, number[]>(doomed.map(({ host }) => [host.name, []]));
    cluster.heldForDead = (_, member) => void times.get(member)?.push(network.nowMs - beganMs);
    for (const { host } of doomed) host.losePower();
    const areKnown = () => [...times.values()].every(({ length }) => length === nodes - dead);
    if (!network.runUntil(areKnown, 300_000)) throw new Error("not everybody came to know of the dead");
    for (const own of times.values()) {
      firstMs.push(own[0]!);
      allMs.push(own.at(-1)!);
    }
  }
  return { firstMs, allMs };
}
