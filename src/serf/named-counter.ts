import type { Metrics } from "../base/host.ts";

/** How many names get a counter of their own: more than a cluster uses, and not enough to fill whatever keeps the counters. */
const namesMax = 1_024;

/** Counts by names that peers choose. Names beyond the bound are counted in the sum alone. */
export class NamedCounter {
  private readonly metric: string;
  private readonly metrics: Metrics;
  /** The counter's whole name, by name. */
  private readonly counters = new Map<string, string>();

  /** `metric` counts all of them, `metric.NAME` those of one name. */
  constructor(metric: string, metrics: Metrics) {
    this.metric = metric;
    this.metrics = metrics;
  }

  increment(name: string): void {
    this.metrics.increment(this.metric);
    const counter = this.counters.get(name) ?? this.add(name);
    if (counter !== undefined) this.metrics.increment(counter);
  }

  private add(name: string): string | undefined {
    if (this.counters.size >= namesMax) return undefined;
    const counter = `${this.metric}.${name}`;
    this.counters.set(name, counter);
    return counter;
  }
}
