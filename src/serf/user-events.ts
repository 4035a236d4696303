import { bytesEqual, utf8Length } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { SerfEvent } from "./events.ts";
import { LamportBuffer, type LamportSlot } from "./lamport-buffer.ts";
import { LamportClock } from "./lamport-clock.ts";
import { encodeSerfMessage, type RecentEvent, type UserEventMessage } from "./messages.ts";
import { NamedCounter } from "./named-counter.ts";

/** A line a minute for each kind of complaint: who sent an event is not known, so it cannot be one for each peer. */
const complaintPeriodMs = 60_000;

export interface UserEventLimits {
  /** For how many Lamport times events are remembered. */
  readonly bufferLength: number;
  /** Largest event this node sends, as name and payload and again as encoded message. */
  readonly bytesMax: number;
  /** Throws if so many bytes cannot be sent now. */
  checkRoom?(bytes: number): void;
}

/** User events: sent by anybody, told once at every node, in no guaranteed order but that of the Lamport times they carry. */
export class UserEvents {
  readonly clock = new LamportClock();
  private readonly buffer: LamportBuffer<RecentEvent>;
  private readonly limits: UserEventLimits;
  private readonly complaints: RateLimitedLog;
  private readonly received: NamedCounter;
  private readonly tell: (event: SerfEvent) => void;
  /** Events before this time are not told: they happened before this node was interested. */
  private minimumTime = 0;

  constructor(limits: UserEventLimits, host: Host, tell: (event: SerfEvent) => void) {
    this.limits = limits;
    const { clock, logger, metrics } = host;
    this.complaints = new RateLimitedLog({ logger, clock, periodMs: complaintPeriodMs, subjectsMax: 2 });
    this.received = new NamedCounter("serf.events", metrics);
    this.tell = tell;
    this.buffer = new LamportBuffer(limits.bufferLength, sameEvent);
  }

  /** Sends a new event: tells it here, and returns the message for the others. Throws USER_EVENT_TOO_LARGE, and what `checkRoom` throws. */
  send(name: string, payload: Uint8Array, coalesce: boolean): Uint8Array {
    const { bytesMax } = this.limits;
    if (utf8Length(name) + payload.length > bytesMax) {
      throw new SerfError(
        "USER_EVENT_TOO_LARGE",
        `user event exceeds configured limit of ${bytesMax} bytes before encoding`,
      );
    }
    const event = { kind: "user-event", lamportTime: this.clock.time, name, payload, coalesce } as const;
    const message = encodeSerfMessage(event);
    if (message.length > bytesMax) {
      throw new SerfError(
        "USER_EVENT_TOO_LARGE",
        `encoded user event exceeds configured limit of ${bytesMax} bytes after encoding`,
      );
    }
    this.limits.checkRoom?.(message.length);
    this.receive(event);
    return message;
  }

  /** Tells the event unless it is old or known; true if it was news and is to be passed on. */
  receive(message: UserEventMessage): boolean {
    const { lamportTime, name, coalesce } = message;
    this.clock.witness(lamportTime);
    if (lamportTime < this.minimumTime) return false;
    // A copy: the message shares memory with a whole packet, and the buffer may keep it for hours.
    const payload = message.payload.slice();
    const admission = this.buffer.admit(lamportTime, this.clock.time, { name, payload });
    if (admission === "too-old" || admission === "full") {
      const why = admission === "full" ? "one too many " : "old ";
      const what = `received ${why}event ${name} from time ${lamportTime} (current: ${this.clock.time})`;
      this.complaints.log("WARN", admission, `serf: ${what}`);
    }
    if (admission !== "new") return false;
    this.received.increment(name);
    this.tell({ kind: "user", lamportTime, name, payload, coalesce });
    return true;
  }

  /** From now on events older than `lamportTime` are not told. */
  ignoreBefore(lamportTime: number): void {
    this.minimumTime = Math.max(this.minimumTime, lamportTime);
  }

  /** Takes up where a former process of this node was: what it saw is not news. */
  resumeAfter(lamportTime: number): void {
    this.clock.witness(lamportTime);
    this.ignoreBefore(lamportTime + 1);
  }

  /** What a push/pull carries to nodes that may have missed it, oldest first. */
  recent(): LamportSlot<RecentEvent>[] {
    return this.buffer.inOrder();
  }
}

function sameEvent(a: RecentEvent, b: RecentEvent): boolean {
  return a.name === b.name && bytesEqual(a.payload, b.payload);
}
