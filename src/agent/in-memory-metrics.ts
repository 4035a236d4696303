/** The measurements of the last minute, for the operator who asks with SIGUSR1. */

import type { Metrics } from "../base/host.ts";

export interface InMemoryMetricsOptions {
  /** Milliseconds since 1970: intervals begin at whole multiples of their length, as the reference's do. */
  readonly wallMs: () => number;
  readonly intervalMs?: number;
  /** The one that is still being filled included. */
  readonly intervalsMax?: number;
  /** Of each kind and interval; a name beyond is not kept, since some names come from peers. */
  readonly namesMax?: number;
  /** Under which key a name is shown. */
  readonly keyOf?: (kind: MetricKind, name: string) => string;
}

export type MetricKind = "gauge" | "counter" | "sample";

/** So many measurements are added up at once. */
const notedMax = 256;

interface Interval {
  readonly startMs: number;
  readonly gauges: Map<string, number>;
  readonly counters: Map<string, Aggregate>;
  readonly samples: Map<string, Aggregate>;
}

/**
 * Adds up in intervals of 10 s and keeps those of the last minute. What is measured is noted, and added up later with others, since some of it is
 * measured where every microsecond counts: while an event is on its way to all agents of this host, nothing of the sums is in any cache.
 */
export class InMemoryMetrics implements Metrics {
  private readonly wallMs: () => number;
  private readonly intervalMs: number;
  private readonly intervalsMax: number;
  private readonly namesMax: number;
  private readonly keyOf: (kind: MetricKind, name: string) => string;
  /** What was noted and not yet added up, in columns: to note one more makes nothing. */
  private readonly kinds: MetricKind[] = new Array<MetricKind>(notedMax).fill("gauge");
  private readonly names: string[] = new Array<string>(notedMax).fill("");
  private readonly values = new Float64Array(notedMax);
  private readonly times = new Float64Array(notedMax);
  private notedCount = 0;
  /** Oldest first; an interval in which nothing was measured is not there. */
  private intervals: Interval[] = [];

  constructor(options: InMemoryMetricsOptions) {
    const { wallMs, intervalMs = 10_000, intervalsMax = 6, namesMax = 2_048, keyOf = (_, name) => name } = options;
    this.wallMs = wallMs;
    this.intervalMs = intervalMs;
    this.intervalsMax = intervalsMax;
    this.namesMax = namesMax;
    this.keyOf = keyOf;
  }

  increment(name: string, by = 1): void {
    this.note("counter", name, by);
  }

  gauge(name: string, value: number): void {
    this.note("gauge", name, value);
  }

  sample(name: string, value: number): void {
    this.note("sample", name, value);
  }

  /** A line a name and finished interval, in the reference's layout, each with its line feed. Names are in alphabetical order. */
  render(): string {
    this.addUp();
    const lines: string[] = [];
    const current = this.intervalAt(this.wallMs());
    for (const interval of this.intervals) {
      if (interval === current) continue;
      const start = formatGoTime(interval.startMs);
      for (const [name, value] of byName(interval.gauges)) lines.push(`[${start}][G] '${name}': ${value.toFixed(3)}`);
      for (const [name, value] of byName(interval.counters)) lines.push(`[${start}][C] '${name}': ${value.describe()}`);
      for (const [name, value] of byName(interval.samples)) lines.push(`[${start}][S] '${name}': ${value.describe()}`);
    }
    return lines.map((line) => `${line}\n`).join("");
  }

  private note(kind: MetricKind, name: string, value: number): void {
    const at = this.notedCount++;
    this.kinds[at] = kind;
    this.names[at] = name;
    this.values[at] = value;
    this.times[at] = this.wallMs();
    if (this.notedCount === notedMax) this.addUp();
  }

  private addUp(): void {
    for (let at = 0; at < this.notedCount; at++) {
      const kind = this.kinds[at]!;
      const { gauges, counters, samples } = this.intervalAt(this.times[at]!);
      const key = this.keyOf(kind, this.names[at]!);
      if (kind !== "gauge")
        this.ingest(kind === "counter" ? counters : samples, key, this.values[at]!, this.times[at]!);
      else if (gauges.size < this.namesMax || gauges.has(key)) gauges.set(key, this.values[at]!);
    }
    this.notedCount = 0;
  }

  private ingest(aggregates: Map<string, Aggregate>, name: string, value: number, nowMs: number): void {
    let aggregate = aggregates.get(name);
    if (aggregate === undefined) {
      if (aggregates.size >= this.namesMax) return;
      aggregate = new Aggregate();
      aggregates.set(name, aggregate);
    }
    aggregate.ingest(value, nowMs);
  }

  private intervalAt(nowMs: number): Interval {
    const last = this.intervals.at(-1);
    if (last !== undefined && nowMs >= last.startMs && nowMs < last.startMs + this.intervalMs) return last;
    const startMs = Math.floor(nowMs / this.intervalMs) * this.intervalMs;
    const current: Interval = { startMs, gauges: new Map(), counters: new Map(), samples: new Map() };
    this.intervals = [...this.intervals, current].slice(-this.intervalsMax);
    return current;
  }
}

/** What became of the values of one name in one interval. */
class Aggregate {
  private count = 0;
  private sum = 0;
  private sumOfSquares = 0;
  private min = Number.POSITIVE_INFINITY;
  private max = Number.NEGATIVE_INFINITY;
  private updatedAtMs = 0;

  ingest(value: number, nowMs: number): void {
    this.count += 1;
    this.sum += value;
    this.sumOfSquares += value * value;
    this.min = Math.min(this.min, value);
    this.max = Math.max(this.max, value);
    this.updatedAtMs = nowMs;
  }

  describe(): string {
    const { count, sum, min, max } = this;
    const deviation = this.standardDeviation();
    const spread = [
      ["Min", min],
      ["Mean", sum / count],
      ["Max", max],
      ["Stddev", deviation],
    ] as const;
    const figures = [...(deviation === 0 ? [] : spread), ["Sum", sum] as const];
    const texts = figures.map(([what, value]) => `${what}: ${value.toFixed(3)}`);
    return `Count: ${count} ${texts.join(" ")} LastUpdated: ${formatGoTime(this.updatedAtMs)}`;
  }

  /** Of a sample, not of a whole population; 0 where there is nothing to compare. Rounding must not take it below 0. */
  private standardDeviation(): number {
    const pairs = this.count * (this.count - 1);
    return pairs === 0 ? 0 : Math.sqrt(Math.max(0, this.count * this.sumOfSquares - this.sum ** 2) / pairs);
  }
}

function byName<T>(values: ReadonlyMap<string, T>): (readonly [string, T])[] {
  return [...values].sort(([one], [other]) => (one < other ? -1 : 1));
}

/** As Go prints a time: "2013-12-02 23:07:20.5 +0100 CET", in local time. */
function formatGoTime(ms: number): string {
  const time = new Date(ms);
  const offsetMinutes = -time.getTimezoneOffset();
  const local = new Date(ms + offsetMinutes * 60_000)
    .toISOString()
    .replace("T", " ")
    .replace(/\.?0*Z$/, "");
  const hours = String(Math.floor(Math.abs(offsetMinutes) / 60)).padStart(2, "0");
  const minutes = String(Math.abs(offsetMinutes) % 60).padStart(2, "0");
  const zone = new Intl.DateTimeFormat("en-US", { timeZoneName: "short" }).formatToParts(time);
  const zoneName = zone.find(({ type }) => type === "timeZoneName")?.value ?? "";
  return `${local} ${offsetMinutes < 0 ? "-" : "+"}${hours}${minutes} ${zoneName}`;
}
