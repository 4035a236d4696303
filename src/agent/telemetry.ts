/** Where an agent's measurements go: into memory, and to statsd or statsite where they are configured. */

import { hostname } from "node:os";
import type { Logger, Metrics } from "../base/host.ts";
import { InMemoryMetrics } from "./in-memory-metrics.ts";
import { measureRuntime } from "./runtime-metrics.ts";
import { StatsLines, type StatsSink } from "./stats-lines.ts";
import { StatsdSink } from "./statsd-sink.ts";
import { StatsiteSink } from "./statsite-sink.ts";

export interface TelemetryOptions {
  /** "host:port", empty for none. */
  readonly statsdAddress: string;
  readonly statsiteAddress: string;
}

export interface Telemetry {
  readonly metrics: Metrics;
  /** The finished intervals of the last minute, a line a name, for people. */
  render(): string;
  /** Sends what is left, as far as somebody takes it at once. */
  close(): Promise<void>;
}

/** Starts to measure this process, too. */
export function startTelemetry({ statsdAddress, statsiteAddress }: TelemetryOptions, logger: Logger): Telemetry {
  const memory = new InMemoryMetrics({ wallMs: () => Date.now() });
  const senders: StatsSink[] = [];
  if (statsiteAddress !== "") senders.push(new StatsiteSink(statsiteAddress, logger));
  if (statsdAddress !== "") senders.push(new StatsdSink(statsdAddress, logger));
  const sinks: Metrics[] = [memory, ...senders.map((sender) => new StatsLines(sender))];
  // Who collects from many machines has to tell their gauges apart, while counters and samples are added up.
  const metrics = new NamedMetrics("serf-agent", senders.length > 0 ? hostname() : "", sinks);
  const stopMeasuring = measureRuntime(metrics);
  return {
    metrics,
    render: () => memory.render(),
    close: async () => {
      stopMeasuring();
      await Promise.all(senders.map((sender) => sender.close()));
    },
  };
}

/** Puts the service's name before every name, and the host's before those of gauges where it is given, and hands on to all sinks. */
export class NamedMetrics implements Metrics {
  private readonly prefix: string;
  private readonly gaugePrefix: string;
  private readonly sinks: readonly Metrics[];

  constructor(service: string, host: string, sinks: readonly Metrics[]) {
    this.prefix = `${service}.`;
    this.gaugePrefix = host === "" ? this.prefix : `${service}.${host}.`;
    this.sinks = sinks;
  }

  increment(name: string, by = 1): void {
    const key = clean(this.prefix + name);
    for (const sink of this.sinks) sink.increment(key, by);
  }

  gauge(name: string, value: number): void {
    const key = clean(this.gaugePrefix + name);
    for (const sink of this.sinks) sink.gauge(key, value);
  }

  sample(name: string, value: number): void {
    const key = clean(this.prefix + name);
    for (const sink of this.sinks) sink.sample(key, value);
  }
}

const keyLengthMax = 255;

/** Names of events and scripts are parts of keys. What has a meaning in statsd's lines must not come from a peer. */
function clean(key: string): string {
  return key.slice(0, keyLengthMax).replace(/[\s:|@#\p{Cc}]/gu, "_");
}
