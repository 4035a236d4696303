/** Where an agent's measurements go: into memory, and to statsd or statsite where they are configured. */

import { hostname } from "node:os";
import type { Logger, Metrics } from "../base/host.ts";
import { InMemoryMetrics, type MetricKind } from "./in-memory-metrics.ts";
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
  const senders: StatsSink[] = [];
  if (statsiteAddress !== "") senders.push(new StatsiteSink(statsiteAddress, logger));
  if (statsdAddress !== "") senders.push(new StatsdSink(statsdAddress, logger));
  // Who collects from many machines has to tell their gauges apart, while counters and samples are added up.
  const keys = new MetricKeys("serf-agent", senders.length > 0 ? hostname() : "");
  const memory = createMemoryMetrics(keys);
  const lines = senders.map((sender) => new StatsLines(sender));
  const metrics = lines.length > 0 ? new SentMetrics(memory, keys, lines) : memory;
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

/** What is measured is kept in memory under these keys. */
export function createMemoryMetrics(keys: MetricKeys): InMemoryMetrics {
  return new InMemoryMetrics({ wallMs: () => Date.now(), keyOf: (kind, name) => keys.of(kind, name) });
}

/** Puts the service's name before every name, and the host's before those of gauges where it is given. */
export class MetricKeys {
  private readonly prefix: string;
  private readonly gaugePrefix: string;
  /** Whole keys by name. Names are few, but those that come from peers have no end. */
  private readonly keys = new Map<string, string>();
  private readonly gaugeKeys = new Map<string, string>();

  constructor(service: string, host: string) {
    this.prefix = `${service}.`;
    this.gaugePrefix = host === "" ? this.prefix : `${service}.${host}.`;
  }

  of(kind: MetricKind, name: string): string {
    return kind === "gauge" ? keyOf(this.gaugeKeys, this.gaugePrefix, name) : keyOf(this.keys, this.prefix, name);
  }
}

/** Measurements that are sent, too, with their whole keys. */
class SentMetrics implements Metrics {
  private readonly memory: Metrics;
  private readonly keys: MetricKeys;
  private readonly sinks: readonly Metrics[];

  constructor(memory: Metrics, keys: MetricKeys, sinks: readonly Metrics[]) {
    this.memory = memory;
    this.keys = keys;
    this.sinks = sinks;
  }

  increment(name: string, by = 1): void {
    this.memory.increment(name, by);
    const key = this.keys.of("counter", name);
    for (const sink of this.sinks) sink.increment(key, by);
  }

  gauge(name: string, value: number): void {
    this.memory.gauge(name, value);
    const key = this.keys.of("gauge", name);
    for (const sink of this.sinks) sink.gauge(key, value);
  }

  sample(name: string, value: number): void {
    this.memory.sample(name, value);
    const key = this.keys.of("sample", name);
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
