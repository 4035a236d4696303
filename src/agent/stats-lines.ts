import { messageOf, SerfError } from "../base/errors.ts";
import type { Logger, Metrics } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import { nodeClock } from "../host/node-clock.ts";
import { splitHostPort } from "../rpc/address.ts";

/** Takes lines on their way to a collector of statistics. It never blocks: what it cannot send is lost. */
export interface StatsSink {
  /** With its line feed. */
  push(line: string): void;
  /** Sends what it holds, as far as that goes at once. */
  close(): Promise<void>;
}

/** Writes measurements in statsd's language: `name:value|kind`, with "g" for gauges, "c" for counters, "ms" for samples. */
export class StatsLines implements Metrics {
  private readonly sink: StatsSink;

  constructor(sink: StatsSink) {
    this.sink = sink;
  }

  increment(name: string, by = 1): void {
    this.push(name, by, "c");
  }

  gauge(name: string, value: number): void {
    this.push(name, value, "g");
  }

  sample(name: string, value: number): void {
    this.push(name, value, "ms");
  }

  private push(name: string, value: number, kind: "c" | "g" | "ms"): void {
    this.sink.push(`${name}:${value.toFixed(6)}|${kind}\n`);
  }
}

/** "host:port"; "[::1]:8125" for IPv6, ":8125" for this machine. Throws INVALID_OPTION, which names the option. */
export function readCollectorAddress(
  option: string,
  address: string,
): { readonly host: string; readonly port: number } {
  try {
    const { host, port } = splitHostPort(address);
    if (port === 0) throw new Error(`address ${address}: missing port in address`);
    return { host: host === "" ? "127.0.0.1" : host, port };
  } catch (error) {
    throw new SerfError("INVALID_OPTION", `${option}: ${messageOf(error)}`, { cause: error });
  }
}

/** A collector that is down is told of once a minute, not with every measurement. */
export function createCollectorLog(logger: Logger): RateLimitedLog {
  return new RateLimitedLog({ logger, clock: nodeClock, periodMs: 60_000, subjectsMax: 2 });
}
