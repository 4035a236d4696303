import { connect, type Socket } from "node:net";
import type { Logger } from "../base/host.ts";
import type { RateLimitedLog } from "../base/rate-limited-log.ts";
import { createCollectorLog, readCollectorAddress, type StatsSink } from "./stats-lines.ts";

const flushIntervalMs = 100;
/** What may wait for a collector that does not read; what comes then is lost, and counted. */
const pendingBytesMax = 256 * 1024;
const retryMsMin = 1_000;
const retryMsMax = 30_000;
const connectTimeoutMs = 10_000;
/** How long a closing agent waits for the last lines to leave. */
const closeTimeoutMs = 500;

/**
 * Sends lines to a statsite over one TCP connection, which is opened again whenever it breaks. While there is none nothing is kept:
 * counters that arrive late would be counted at the wrong time.
 */
export class StatsiteSink implements StatsSink {
  private readonly host: string;
  private readonly port: number;
  private readonly log: RateLimitedLog;
  private socket: Socket | undefined;
  private isOpen = false;
  private pending = "";
  private retryMs = retryMsMin;
  private flushTimer: NodeJS.Timeout | undefined;
  private retryTimer: NodeJS.Timeout | undefined;
  private isClosed = false;

  /** Connects at once. Throws INVALID_OPTION where the address is none. */
  constructor(address: string, logger: Logger) {
    const { host, port } = readCollectorAddress("statsite_addr", address);
    this.host = host;
    this.port = port;
    this.log = createCollectorLog(logger);
    this.connect();
  }

  push(line: string): void {
    if (this.isClosed || this.retryTimer !== undefined) return;
    if (this.pending.length + (this.socket?.writableLength ?? 0) + line.length > pendingBytesMax) {
      this.log.log("WARN", "slow", "agent: statsite does not keep up, measurements are dropped");
      return;
    }
    this.pending += line;
    this.flushTimer ??= setTimeout(() => this.flush(), flushIntervalMs).unref();
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.retryTimer);
    this.flush();
    const { socket } = this;
    if (socket === undefined) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => socket.destroy(), this.isOpen ? closeTimeoutMs : 0);
      socket.once("close", () => {
        clearTimeout(deadline);
        resolve();
      });
      socket.end();
    });
  }

  private connect(): void {
    this.retryTimer = undefined;
    const socket = connect({ host: this.host, port: this.port, keepAlive: true });
    this.socket = socket;
    let problem = "the connection was closed";
    const deadline = setTimeout(() => {
      problem = "timeout";
      socket.destroy();
    }, connectTimeoutMs).unref();
    socket.once("connect", () => {
      clearTimeout(deadline);
      this.isOpen = true;
      this.retryMs = retryMsMin;
    });
    // A collector has nothing to say; without a reader its end would not be noticed.
    socket.resume();
    socket.on("error", (error) => {
      problem = error.message;
    });
    socket.once("close", () => {
      clearTimeout(deadline);
      this.isOpen = false;
      this.socket = undefined;
      if (!this.isClosed) this.pause(problem);
    });
    socket.unref();
  }

  private pause(problem: string): void {
    this.log.log("ERR", "statsite", `agent: Error connecting to statsite! Err: ${problem}`);
    this.pending = "";
    this.retryTimer = setTimeout(() => this.connect(), this.retryMs).unref();
    this.retryMs = Math.min(2 * this.retryMs, retryMsMax);
  }

  private flush(): void {
    clearTimeout(this.flushTimer);
    this.flushTimer = undefined;
    // Node itself holds what is written before the connection is open.
    if (this.pending !== "") this.socket?.write(this.pending);
    this.pending = "";
  }
}
