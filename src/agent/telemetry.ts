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

/** How often the process itself is measured, where that is sent: as the reference does. */
const runtimeSentMs = 1_000;
/** Where it is kept only for who asks: once in each interval, of which the last value stays. It wakes an idle agent, and reads a file of the kernel's. */
const runtimeKeptMs = 10_000;

/** Starts to measure this process, too. */
export function startTelemetry({ statsdAddress, statsiteAddress }: TelemetryOptions, logger: Logger): Telemetry {
  const memory = new InMemoryMetrics({ wallMs: () => Date.now() });
  const senders: StatsSink[] = [];
  if (statsiteAddress !== "") senders.push(new StatsiteSink(statsiteAddress, logger));
  if (statsdAddress !== "") senders.push(new StatsdSink(statsdAddress, logger));
  const sinks: Metrics[] = [memory, ...senders.map((sender) => new StatsLines(sender))];
  // Who collects from many machines has to tell their gauges apart, while counters and samples are added up.
  const metrics = new NamedMetrics("serf-agent", senders.length > 0 ? hostname() : "", sinks);
  const stopMeasuring = measureRuntime(metrics, senders.length > 0 ? runtimeSentMs : runtimeKeptMs);
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
  /** Whole keys by name. Names are few, but those that come from peers have no end. */
  private readonly keys = new Map<string, string>();
  private readonly gaugeKeys = new Map<string, string>();

  constructor(service: string, host: string, sinks: readonly Metrics[]) {
    this.prefix = `${service}.`;
    this.gaugePrefix = host === "" ? this.prefix : `${service}.${host}.`;
    this.sinks = sinks;
  }

  increment(name: string, by = 1): void {
    const key = keyOf(this.keys, this.prefix, name);
    for (const sink of this.sinks) sink.increment(key, by);
  }

  gauge(name: string, value: number): void {
    const key = keyOf(this.gaugeKeys, this.gaugePrefix, name);
    for (const sink of this.sinks) sink.gauge(key, value);
  }

  sample(name: string, value: number): void {
    const key = keyOf(this.keys, this.prefix, name);
    for (const sink of this.sinks) sink.sample(key, value);
  }
}

const keyLengthMax = 255;
const keysMax = 1_024;

function keyOf(keys: Map<string, string>, prefix: string, name: string): string {
  let key = keys.get(name);
  if (key === undefined) {
    key = clean(prefix + name);
    if (keys.size < keysMax) keys.set(name, key);
  }
  return key;
}

/** Names of events and scripts are parts of keys. What has a meaning in statsd's lines must not come from a peer. */
function clean(key: string): string {
  return key.slice(0, keyLengthMax).replace(/[\s:|@#\p{Cc}]/gu, "_");
}
