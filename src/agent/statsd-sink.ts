import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { Logger } from "../base/host.ts";
import type { RateLimitedLog } from "../base/rate-limited-log.ts";
import { createCollectorLog, readCollectorAddress, type StatsSink } from "./stats-lines.ts";

/** Fits one unfragmented packet on any usual network. */
const packetBytesMax = 1_400;
const flushIntervalMs = 100;
/** How long nothing is sent after a failure. */
const pauseMs = 5_000;

/** Sends lines to a statsd by UDP, many in a packet. */
export class StatsdSink implements StatsSink {
  private readonly host: string;
  private readonly port: number;
  private readonly log: RateLimitedLog;
  private socket: Socket | undefined;
  private pending = "";
  private pendingBytes = 0;
  private flushTimer: NodeJS.Timeout | undefined;
  private pauseTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** Throws INVALID_OPTION where the address is none. */
  constructor(address: string, logger: Logger) {
    const { host, port } = readCollectorAddress("statsd_addr", address);
    this.host = host;
    this.port = port;
    this.log = createCollectorLog(logger);
  }

  push(line: string): void {
    if (this.isClosed || this.pauseTimer !== undefined) return;
    const lineBytes = Buffer.byteLength(line);
    if (this.pendingBytes + lineBytes > packetBytesMax) this.flush();
    this.pending += line;
    this.pendingBytes += lineBytes;
    this.flushTimer ??= setTimeout(() => this.flush(), flushIntervalMs).unref();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    await new Promise<void>((resolve) => this.flush(resolve));
    clearTimeout(this.pauseTimer);
    this.socket?.close();
  }

  private flush(done: () => void = () => undefined): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    const packet = this.pending;
    this.pending = "";
    this.pendingBytes = 0;
    if (packet === "") {
      done();
      return;
    }
    // A name is looked up for each packet, which the system caches, so that a collector that moves is found again.
    this.openSocket().send(packet, this.port, this.host, (error) => {
      if (error) this.fail(error);
      done();
    });
  }

  private openSocket(): Socket {
    this.socket ??= createSocket(isIPv6(this.host) ? "udp6" : "udp4")
      .on("error", (error) => this.fail(error))
      .unref();
    return this.socket;
  }

  private fail(error: Error): void {
    this.log.log("ERR", "statsd", `agent: Error writing to statsd! Err: ${error.message}`);
    clearTimeout(this.pauseTimer);
    this.pauseTimer = setTimeout(() => {
      this.pauseTimer = undefined;
    }, pauseMs).unref();
  }
}
