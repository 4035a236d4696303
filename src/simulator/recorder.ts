import type { Clock, Logger, LogLevel, Metrics } from "../base/host.ts";

/** A line as it was logged, at a time of the simulation. */
export interface LogLine {
  readonly atMs: number;
  readonly level: LogLevel;
  readonly message: string;
}

/** Keeps the newest lines for tests to read. With `linesMax` 0 every level is disabled. */
export class RecordingLogger implements Logger {
  readonly lines: LogLine[] = [];
  private readonly clock: Clock;
  private readonly linesMax: number;

  constructor(clock: Clock, linesMax: number) {
    this.clock = clock;
    this.linesMax = linesMax;
  }

  enabled(_level: LogLevel): boolean {
    return this.linesMax > 0;
  }

  /** Keeps the line with the virtual time; the oldest goes when there are too many. */
  log(level: LogLevel, message: string): void {
    if (this.linesMax === 0) return;
    if (this.lines.length >= this.linesMax) this.lines.shift();
    this.lines.push({ atMs: this.clock.monotonicMs(), level, message });
  }
}

/** What became of the samples of one name. */
export interface SampleSummary {
  count: number;
  sum: number;
  max: number;
}

/** Adds up what a host measured, for tests to read; nothing if it `isOff`. */
export class RecordingMetrics implements Metrics {
  private readonly isOff: boolean;
  readonly counters = new Map<string, number>();
  readonly gauges = new Map<string, number>();
  readonly samples = new Map<string, SampleSummary>();

  constructor(isOff = false) {
    this.isOff = isOff;
  }

  /** Adds to the counter of that name. */
  increment(name: string, by = 1): void {
    if (!this.isOff) this.counters.set(name, (this.counters.get(name) ?? 0) + by);
  }

  /** Keeps the last value under that name. */
  gauge(name: string, value: number): void {
    if (!this.isOff) this.gauges.set(name, value);
  }

  sample(name: string, value: number): void {
    if (this.isOff) return;
    const summary = this.samples.get(name);
    if (summary === undefined) {
      this.samples.set(name, { count: 1, sum: value, max: value });
      return;
    }
    summary.count++;
    summary.sum += value;
    summary.max = Math.max(summary.max, value);
  }
}
