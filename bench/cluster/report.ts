/** What the benchmark found out, as rows with their aims, and as the table of the README. */

import { cpus } from "node:os";
import { atLeast, atMost, type Row, withUnit } from "../table.ts";
import type { CostFigures } from "./cost.ts";
import type { Mix } from "./live-cluster.ts";
import type { BurstFigures, EventFigures } from "./spread.ts";

/** One cluster's figures. What failed to be measured is missing. */
export interface ClusterFigures {
  readonly nodes: number;
  readonly mix: Mix;
  joinMs?: number;
  events?: EventFigures;
  cost?: CostFigures;
  membersCallsPerSecond?: number;
  burst?: BurstFigures;
  detectionMs?: readonly number[];
  /** Why the rest was not measured. */
  failed?: string;
}

type Aim = { readonly text: string; readonly met: boolean };

interface Measure {
  readonly what: string;
  readonly unit: string;
  readonly of: (figures: ClusterFigures) => number | undefined;
  /** Undefined where there is no bound for so many nodes. */
  readonly aim?: (ours: number, reference: number | undefined, nodes: number) => Aim | undefined;
  /** Whether the README shows it. */
  readonly isShown?: boolean;
}

/** In clusters of so many nodes and more. */
const noMoreThanReference = (leastNodes: number) => (ours: number, reference: number | undefined, nodes: number) =>
  reference === undefined || nodes < leastNodes ? undefined : atMost(ours, reference, "at most the reference's");

const measures: readonly Measure[] = [
  {
    what: "all join at once, until all know all",
    unit: "s",
    of: ({ joinMs }) => inSeconds(joinMs),
    aim: noMoreThanReference(100),
    isShown: true,
  },
  {
    what: "event to the last node, median",
    unit: "ms",
    of: ({ events }) => events && percentile(events.latenciesMs, 50),
    aim: (ours, _, nodes) => (nodes >= 100 ? atMost(ours, 30, "at most 30 ms") : undefined),
    isShown: true,
  },
  {
    what: "event to the last node, 99th percentile",
    unit: "ms",
    of: ({ events }) => events && percentile(events.latenciesMs, 99),
    aim: (ours, _, nodes) => {
      if (nodes <= 5) return atMost(ours, 5, "at most 5 ms");
      return nodes <= 20 ? atMost(ours, 15, "at most 15 ms") : undefined;
    },
    isShown: true,
  },
  {
    what: "UDP packets that a node sends for an event",
    unit: "",
    of: ({ nodes, events, cost }) => {
      if (events?.datagrams === undefined || cost?.datagramsPerSecond === undefined) return undefined;
      const idle = cost.datagramsPerSecond * nodes * events.seconds;
      return (events.datagrams - idle) / nodes / events.latenciesMs.length;
    },
  },
  {
    what: "burst of events (5,000 unless said otherwise) at one node, delivered at the others",
    unit: "%",
    of: ({ burst }) => burst && 100 * burst.deliveredShare,
    aim: (ours) => atLeast(ours, 100, "all"),
    isShown: true,
  },
  {
    what: "that burst, deliveries that did not take place",
    unit: "",
    of: ({ burst }) => burst?.missing,
  },
  {
    what: "that burst, until the sender has its last answer",
    unit: "s",
    of: ({ burst }) => inSeconds(burst?.acceptedMs),
  },
  {
    what: "that burst, until its last delivery",
    unit: "s",
    of: ({ burst }) => inSeconds(burst?.lastDeliveryMs),
    isShown: true,
  },
  {
    what: "kill -9 until all know, median",
    unit: "s",
    of: ({ detectionMs }) => detectionMs && inSeconds(percentile(detectionMs, 50)),
    aim: (ours, _, nodes) => (nodes >= 20 ? atMost(ours, 1.3, "at most 1.3 s") : undefined),
    isShown: true,
  },
  {
    what: "kill -9 until all know, slowest",
    unit: "s",
    of: ({ detectionMs }) => detectionMs && inSeconds(Math.max(...detectionMs)),
    aim: (ours, _, nodes) => (nodes >= 20 ? atMost(ours, 2, "at most 2 s") : undefined),
    isShown: true,
  },
  {
    what: "idle: CPU of an agent",
    unit: "ms/s",
    of: ({ cost }) => cost?.cpuMsPerSecond,
    aim: noMoreThanReference(50),
    isShown: true,
  },
  { what: "idle: UDP packets that an agent sends", unit: "/s", of: ({ cost }) => cost?.datagramsPerSecond },
  { what: "idle: bytes that an agent sends", unit: "B/s", of: ({ cost }) => cost?.bytesPerSecond, isShown: true },
  {
    what: "resident memory of an agent",
    unit: "MB",
    of: ({ cost }) => cost?.residentMB,
    aim: (ours) => atMost(ours, 60, "at most 60 MB"),
    isShown: true,
  },
  {
    what: "the same, shared pages divided among the agents",
    unit: "MB",
    of: ({ cost }) => cost?.proportionalMB,
    isShown: true,
  },
  {
    what: "`members` calls that an agent answers by RPC",
    unit: "/s",
    of: ({ membersCallsPerSecond }) => membersCallsPerSecond,
    aim: (ours, reference, nodes) =>
      reference === undefined || nodes < 100 ? undefined : atLeast(ours, reference, "at least the reference's"),
    isShown: true,
  },
];

/** By size, then by measure. */
export function clusterRows(results: readonly ClusterFigures[]): readonly Row[] {
  return sizesOf(results).flatMap((nodes) => {
    const rows = measures.map((measure): Row => {
      const [ours, mixed, reference] = (["ours", "mixed", "debian"] as const).map((mix) => {
        const figures = results.find((result) => result.nodes === nodes && result.mix === mix);
        return figures && measure.of(figures);
      });
      const aim = ours === undefined ? undefined : measure.aim?.(ours, reference, nodes);
      const what = `${nodes} nodes: ${measure.what}`;
      return { what, unit: measure.unit, ours, mixed, reference, ...(aim === undefined ? {} : { aim }) };
    });
    return rows.filter((row) => [row.ours, row.mixed, row.reference].some((figure) => figure !== undefined));
  });
}

/** One column a size, ours before the reference's in each cell: what a reader wants to see at a glance. */
export function readmeTable(results: readonly ClusterFigures[]): string {
  const sizes = sizesOf(results);
  const rows = measures
    .filter(({ isShown }) => isShown)
    .map(({ what, unit, of }) => {
      const cells = sizes.map((nodes) => {
        const [ours, reference] = (["ours", "debian"] as const).map((mix) =>
          results.find((result) => result.nodes === nodes && result.mix === mix),
        );
        return `**${withUnit(ours && of(ours), unit) || "-"}** / ${withUnit(reference && of(reference), unit) || "-"}`;
      });
      return `| ${[what, ...cells].join(" | ")} |`;
    });
  const header = `| **serf-ts** / Debian's \`serf\` | ${sizes.map((nodes) => `${nodes} agents`).join(" | ")} |`;
  return [header, `|${"---|".repeat(sizes.length + 1)}`, ...rows].join("\n");
}

/** When, and on which machine. */
export function describeRun(): string {
  const [first] = cpus();
  return `${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${first?.model ?? "CPU"}`;
}

function sizesOf(results: readonly ClusterFigures[]): readonly number[] {
  return [...new Set(results.map(({ nodes }) => nodes))];
}

function inSeconds(ms: number | undefined): number | undefined {
  return ms === undefined ? undefined : ms / 1000;
}

/** By nearest rank: a value that was measured. */
function percentile(values: readonly number[], percent: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? Number.NaN;
}
