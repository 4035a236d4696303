import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import { LamportBuffer } from "./lamport-buffer.ts";
import { LamportClock } from "./lamport-clock.ts";
import { NamedCounter } from "./named-counter.ts";
import { decideAddressed, type FilteredNode } from "./query-filter.ts";
import { type QueryMessage, queryFlags } from "./query-messages.ts";

/** A line a minute for each kind of complaint: whoever sends such queries should not write our log. */
const complaintPeriodMs = 60_000;
const complaintSubjectsMax = 16;

/** Where a query goes that is for this node. */
export interface QueryReceiver {
  self(): FilteredNode;
  acknowledge(query: QueryMessage): void;
  /** Called once for each query. */
  take(query: QueryMessage): void;
}

/** Queries as they arrive, one's own too: each is told once at the nodes it is for, and passed on by all. */
export class Queries {
  readonly clock = new LamportClock();
  /** The ids of the queries of each Lamport time. */
  private readonly buffer: LamportBuffer<number>;
  private readonly counter: NamedCounter;
  private readonly receiver: QueryReceiver;
  private readonly complaints: RateLimitedLog;
  /** Queries before this time are not told: this node took part in them before it restarted. */
  private minimumTime = 0;

  constructor(bufferLength: number, receiver: QueryReceiver, host: Host) {
    this.buffer = new LamportBuffer(bufferLength, (a, b) => a === b);
    this.counter = new NamedCounter("serf.queries", host.metrics);
    this.receiver = receiver;
    const { clock, logger } = host;
    this.complaints = new RateLimitedLog({
      logger,
      clock,
      periodMs: complaintPeriodMs,
      subjectsMax: complaintSubjectsMax,
    });
  }

  /** True if the query was news and is to be passed on. */
  receive(query: QueryMessage): boolean {
    this.clock.witness(query.lamportTime);
    if (query.lamportTime < this.minimumTime) return false;
    const admission = this.buffer.admit(query.lamportTime, this.clock.time, query.id);
    if (admission === "too-old") {
      const times = `from time ${query.lamportTime} (current: ${this.clock.time})`;
      this.complain("too-old", `received old query ${query.name} ${times}`);
    }
    if (admission !== "new") return false;
    this.counter.increment(query.name);
    if (this.isForUs(query)) {
      if ((query.flags & queryFlags.ack) !== 0) this.receiver.acknowledge(query);
      this.receiver.take(query);
    }
    return (query.flags & queryFlags.noBroadcast) === 0;
  }

  /** Takes up where a former process of this node was: what it saw is not news. */
  resumeAfter(lamportTime: number): void {
    this.clock.witness(lamportTime);
    this.minimumTime = lamportTime + 1;
  }

  private isForUs({ filters }: QueryMessage): boolean {
    if (filters === undefined) return true;
    const addressed = decideAddressed(filters, this.receiver.self());
    if (typeof addressed === "boolean") return addressed;
    this.complain("filter", addressed.problem);
    return false;
  }

  private complain(subject: string, text: string): void {
    this.complaints.log("WARN", subject, `serf: ${text}`);
  }
}

/** Serf's own queries begin so. They are answered by Serf itself, and nobody else is told of them. */
export const internalQueryPrefix = "_serf_";

/** Asks who can be reached. Its ack is its answer: nobody responds to it. */
export const pingQueryName = `${internalQueryPrefix}ping`;

export function isInternalQuery(name: string): boolean {
  return name.startsWith(internalQueryPrefix);
}
