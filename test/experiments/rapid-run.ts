/** One cell of Rapid's experiment: a large cluster of which 1 % is at fault for minutes, in a way that is neither life nor death. */

import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { type ClusterNode, MemberlistCluster } from "./memberlist-cluster.ts";

const flipMs = 20_000;
const sampleMs = 1_000;

/** Called once a second, with the time since the fault began. */
type FaultStep = (cluster: MemberlistCluster, faulty: readonly ClusterNode[], sinceMs: number) => void;

export const faults = {
  "nothing reaches them, 20 s on and 20 s off": ({ network, nodes }, faulty, sinceMs) => {
    if (sinceMs % flipMs !== 0) return;
    if ((sinceMs / flipMs) % 2 === 1) return network.heal();
    const faultyNodes = new Set(faulty);
    network.cut(hostsOf(nodes.filter((node) => !faultyNodes.has(node))), hostsOf(faulty));
  },
  "80 % of what they send is lost": ({ network }, faulty, sinceMs) => {
    if (sinceMs === 0) network.setLink(hostsOf(faulty), undefined, { loss: 0.8, streamLoss: 0.8 });
  },
} as const satisfies Record<string, FaultStep>;

export type Fault = keyof typeof faults;

const asHashicorp = { dissemination: "timer", fastFailure: false } as const;
const damped = { flapDampingMs: 600_000, confirmDeaths: true } as const;

/** How the protocol is set; nothing said is the default. */
export const variants = {
  "HashiCorp's": { ...asHashicorp },
  "damped, deaths confirmed": { ...asHashicorp, ...damped },
  "serf-ts's": {},
  "serf-ts's, damped, deaths confirmed": { ...damped },
} as const satisfies Record<string, Partial<MemberlistOptions>>;

export type Variant = keyof typeof variants;

export interface RapidTask {
  readonly fault: Fault;
  readonly variant: Variant;
  readonly nodes: number;
  /** For how long members are at fault. */
  readonly forMs: number;
  readonly seed: number;
}

export interface RapidResult extends RapidTask {
  /** For each second, how many healthy nodes held somebody for dead, or for living again. */
  readonly changes: readonly number[];
  /** For each second, how many different views the healthy nodes had. */
  readonly views: readonly number[];
  /** Changes that were about healthy members. */
  readonly changesOfHealthy: number;
  /** The most healthy members that one healthy node held for dead at once. */
  readonly healthyLostMost: number;
  /** When no healthy node held a faulty one for living; undefined if that was never so. */
  readonly removedAllMs: number | undefined;
}

export function runRapid(task: RapidTask): RapidResult {
  const cluster = new MemberlistCluster(task.seed, variants[task.variant]);
  cluster.acquaint(task.nodes);
  const faultyCount = Math.max(1, Math.round(task.nodes / 100));
  const faulty = cluster.nodes.slice(-faultyCount);
  const healthy = cluster.nodes.slice(0, -faultyCount);
  const names = cluster.nodes.map(({ memberlist }) => memberlist.options.nodeName);
  const changes: number[] = [];
  const views: number[] = [];
  let changesOfHealthy = 0;
  let healthyLostMost = 0;
  let removedAllMs: number | undefined;
  let looks: Look[] = [];
  for (let sinceMs = 0; sinceMs < task.forMs; sinceMs += sampleMs) {
    faults[task.fault](cluster, faulty, sinceMs);
    cluster.network.run(sampleMs);
    const seen = healthy.map((node, index) => lookAgain(node, names, looks[index]));
    const changed = seen.map(({ missing }, index) => differences(missing, looks[index]?.missing));
    changes.push(changed.filter(({ length }) => length > 0).length);
    changesOfHealthy += changed.flat().filter((member) => member < healthy.length).length;
    views.push(new Set(seen.map(({ view }) => view)).size);
    const lost = ({ missing }: Look) => missing.slice(0, healthy.length).filter(Boolean).length;
    healthyLostMost = Math.max(healthyLostMost, ...seen.map(lost));
    if (seen.every(({ missing }) => missing.slice(healthy.length).every(Boolean))) removedAllMs ??= sinceMs + sampleMs;
    looks = seen;
  }
  return { ...task, changes, views, changesOfHealthy, healthyLostMost, removedAllMs };
}

/** What a node believed when it was looked at. */
interface Look {
  readonly changeCount: number;
  /** For each member whether it is not held for living. */
  readonly missing: readonly boolean[];
  readonly view: string;
}

function lookAgain({ memberlist }: ClusterNode, names: readonly string[], before: Look | undefined): Look {
  const { table } = memberlist.inspect();
  const { changeCount } = table;
  if (changeCount === before?.changeCount) return before;
  const missing = names.map((name) => {
    const row = table.find(name);
    return row < 0 || table.stateOf(row) === "dead" || table.stateOf(row) === "left";
  });
  return { changeCount, missing, view: missing.map(Number).join("") };
}

function differences(missing: readonly boolean[], before: readonly boolean[] | undefined): number[] {
  const changed: number[] = [];
  if (before === undefined || before === missing) return changed;
  for (const [member, isMissing] of missing.entries()) if (isMissing !== before[member]) changed.push(member);
  return changed;
}

function hostsOf(nodes: readonly ClusterNode[]) {
  return nodes.map(({ host }) => host);
}
