import type { Host } from "../base/host.ts";
import { LamportBuffer } from "./lamport-buffer.ts";
import { LamportClock } from "./lamport-clock.ts";
import type { QueryMessage } from "./messages.ts";
import { NamedCounter } from "./named-counter.ts";

/** Asks the receivers not to pass the query on. */
const flagNoBroadcast = 2;

/**
 * Queries of others. This node answers none, not even Serf's internal ones, where silence counts as no vote; but it passes
 * them on once, so that a cluster of which it is part reaches all its members.
 */
export class Queries {
  readonly clock = new LamportClock();
  /** The ids of the queries of each Lamport time. */
  private readonly buffer: LamportBuffer<number>;
  private readonly host: Host;
  private readonly received: NamedCounter;

  constructor(bufferLength: number, host: Host) {
    this.buffer = new LamportBuffer(bufferLength, (a, b) => a === b);
    this.host = host;
    this.received = new NamedCounter("serf.queries", host.metrics);
  }

  /** True if the query was news and is to be passed on. */
  receive(query: QueryMessage): boolean {
    this.clock.witness(query.lamportTime);
    const admission = this.buffer.admit(query.lamportTime, this.clock.time, query.id);
    if (admission === "too-old") {
      this.host.logger.log(
        "WARN",
        `serf: received old query ${query.name} from time ${query.lamportTime} (current: ${this.clock.time})`,
      );
    }
    if (admission !== "new") return false;
    this.received.increment(query.name);
    return (query.flags & flagNoBroadcast) === 0;
  }
}
