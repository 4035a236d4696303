import { bytesEqual, emptyBytes, utf8Length } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { WorkSlice } from "../base/work-slice.ts";
import { EventOrder } from "./event-order.ts";
import { EventRepair } from "./event-repair.ts";
import { encodeEventSums, findDiffering } from "./event-sums.ts";
import type { SerfEvent } from "./events.ts";
import { LamportBuffer, type LamportSlot } from "./lamport-buffer.ts";
import { LamportClock } from "./lamport-clock.ts";
import { encodeSerfMessage, type UserEventMessage } from "./messages.ts";
import { NamedCounter } from "./named-counter.ts";
import type { PushPull, RecentEvent } from "./push-pull.ts";

/** A line a minute for each kind of complaint: who sent an event is not known, so it cannot be one for each peer. */
const complaintPeriodMs = 60_000;

export interface UserEventLimits {
  /** For how many Lamport times events are remembered. */
  readonly bufferLength: number;
  /** Largest event this node sends, as name and payload and again as encoded message. */
  readonly bytesMax: number;
  /** How long an event waits for those before it; 0 for not at all. */
  readonly orderWaitMs: number;
  /** Throws if so many bytes cannot be sent now. */
  checkRoom?(bytes: number): void;
  /** Exchanges everything with a peer, as `EventRepairNode` says. Without it nothing is pulled. */
  exchange?(done: (succeeded: boolean) => void): boolean;
  /** Whether there are members known to ask nobody for what they miss. */
  knowsForgetful?(): boolean;
  /** An event of another node came by gossip and was news. */
  heard?(): void;
  /** An event that a push/pull brought was news. */
  merged?(event: UserEventMessage): void;
}

/** As many Lamport times as the reference takes, and carries, in a push/pull. */
const exchangedTimes = 512;

/**
 * User events: sent by anybody, told once at every node. Those of others are told in the order of the Lamport times they carry, as far as what is
 * missing comes in time; one's own at once.
 */
export class UserEvents {
  readonly clock = new LamportClock();
  private readonly buffer: LamportBuffer<RecentEvent>;
  private readonly limits: UserEventLimits;
  private readonly complaints: RateLimitedLog;
  private readonly received: NamedCounter;
  private readonly order: EventOrder<SerfEvent>;
  private readonly repair: EventRepair;
  /** Events before this time are not told: they happened before this node was interested. */
  private minimumTime = 0;
  /** Of all times before this one something was heard, or it has been given up. Undefined until the first event. */
  private completeBefore: number | undefined;
  /** A peer was asked about the times before this one, and had nothing that was news. */
  private comparedBefore = 0;
  private merging = false;
  /** How many events push/pulls have brought that were news. */
  private newsCount = 0;

  constructor(limits: UserEventLimits, host: Host, tell: (event: SerfEvent) => void) {
    this.limits = limits;
    const { clock, logger, metrics } = host;
    this.complaints = new RateLimitedLog({ logger, clock, periodMs: complaintPeriodMs, subjectsMax: 2 });
    this.received = new NamedCounter("serf.events", metrics);
    this.buffer = new LamportBuffer(limits.bufferLength, sameEvent);
    const ordering = { waitMs: limits.orderWaitMs, window: limits.bufferLength };
    this.order = new EventOrder(ordering, clock, host.timers, tell);
    this.repair = new EventRepair(
      {
        time: () => this.clock.time,
        firstHole: () => this.firstHole(),
        giveUpHoles: () => this.giveUpHoles(),
        exchange: (done) => this.exchange(done),
      },
      host,
    );
  }

  /** How many Lamport times have events that wait for others. */
  get heldCount(): number {
    return this.order.heldCount;
  }

  /** Throws USER_EVENT_TOO_LARGE if `send` would. */
  check(name: string, payload: Uint8Array, coalesce: boolean): void {
    this.encode(name, payload, coalesce);
  }

  /**
   * Sends a new event: hands the message for the others to `leave`, then tells it here, since the others are further away. Throws
   * USER_EVENT_TOO_LARGE, and what `checkRoom` throws.
   */
  send(name: string, payload: Uint8Array, coalesce: boolean, leave: (message: Uint8Array) => void): void {
    const message = this.encode(name, payload, coalesce);
    this.limits.checkRoom?.(message.length);
    leave(message);
    this.admit({ kind: "user-event", lamportTime: this.clock.time, name, payload, coalesce }, true);
  }

  /** Tells the event unless it is old or known; true if it was news and is to be passed on. */
  receive(message: UserEventMessage): boolean {
    if (!this.admit(message, false)) return false;
    if (this.merging) {
      this.newsCount += 1;
      this.limits.merged?.(message);
    } else this.limits.heard?.();
    this.repair.noteNews(message.lamportTime, this.merging);
    return true;
  }

  /** Takes over what a push/pull brought, a slice at a time. Without `replay` events of before are not told. */
  *merge(
    { eventTime, events }: Pick<PushPull, "eventTime" | "events">,
    replay: boolean,
    slice: WorkSlice,
  ): Generator<void, void> {
    const isFirst = this.completeBefore === undefined;
    // One less, since no message bears the time that the other's clock shows.
    this.clock.witness(eventTime - 1);
    if (!replay) this.ignoreBefore(eventTime);
    // The reference takes the slots of the ring as they lie and so tells events out of order (serf#448).
    for (const { time, items } of events.toSorted((a, b) => a.time - b.time)) {
      for (const { name, payload } of items) {
        this.merging = true;
        this.receive({ kind: "user-event", lamportTime: time, name, payload, coalesce: false });
        this.merging = false;
        if (slice.isOver()) yield;
      }
      if (slice.isOver()) yield;
    }
    // Whoever has just come has missed nothing, but will not miss anything from now on.
    if (isFirst) this.settleBefore(eventTime);
    this.repair.consider();
  }

  /** From now on events older than `lamportTime` are not told. */
  ignoreBefore(lamportTime: number): void {
    this.minimumTime = Math.max(this.minimumTime, lamportTime);
    this.settleBefore(lamportTime);
  }

  /** Takes up where a former process of this node was: what it saw is not news. */
  resumeAfter(lamportTime: number): void {
    this.clock.witness(lamportTime);
    this.ignoreBefore(lamportTime + 1);
  }

  /** What a push/pull carries to nodes that may have missed it, oldest first; in the answer to one that asked by its checksums, what these say. */
  recent(askedSums: Uint8Array = emptyBytes): LamportSlot<RecentEvent>[] {
    const now = this.clock.time;
    return findDiffering(this.buffer, askedSums, now) ?? this.buffer.between(now - exchangedTimes, now);
  }

  /** What a push/pull carries that is there to ask: nothing where the others ask for what they miss themselves. */
  toTellWhenAsking(): LamportSlot<RecentEvent>[] {
    return this.limits.knowsForgetful?.() === false ? [] : this.recent();
  }

  /** What to ask for in the next push/pull: empty unless it is there to find what is missing. */
  repairSums(): Uint8Array {
    if (!this.repair.isAsking || this.completeBefore === undefined) return emptyBytes;
    const from = Math.max(this.minimumTime, Math.min(this.completeBefore, this.comparedBefore));
    return encodeEventSums(this.buffer, from, this.clock.time);
  }

  /** Tells what waits for others, and asks nobody any more. */
  stop(): void {
    this.repair.stop();
    this.order.flush();
  }

  private encode(name: string, payload: Uint8Array, coalesce: boolean): Uint8Array {
    const { bytesMax } = this.limits;
    if (utf8Length(name) + payload.length > bytesMax) {
      throw new SerfError(
        "USER_EVENT_TOO_LARGE",
        `user event exceeds configured limit of ${bytesMax} bytes before encoding`,
      );
    }
    const message = encodeSerfMessage({
      kind: "user-event",
      lamportTime: this.clock.time,
      name,
      payload,
      coalesce,
    });
    if (message.length > bytesMax) {
      throw new SerfError(
        "USER_EVENT_TOO_LARGE",
        `encoded user event exceeds configured limit of ${bytesMax} bytes after encoding`,
      );
    }
    return message;
  }

  /** Remembers the event and has it told, now or when its time has come; false if it is old or known. */
  private admit({ lamportTime, name, coalesce, payload: received }: UserEventMessage, isOwn: boolean): boolean {
    this.clock.witness(lamportTime);
    if (lamportTime < this.minimumTime) return false;
    const admission = this.buffer.judge(lamportTime, this.clock.time, { name, payload: received });
    if (admission === "too-old" || admission === "full") {
      const why = admission === "full" ? "one too many " : "old ";
      const what = `received ${why}event ${name} from time ${lamportTime} (current: ${this.clock.time})`;
      this.complaints.log("WARN", admission, `serf: ${what}`);
    }
    if (admission !== "new") return false;
    // A copy: the message shares memory with a whole packet, and the buffer may keep it for hours.
    const payload = received.slice();
    this.buffer.remember(lamportTime, { name, payload });
    this.received.increment(name);
    this.completeBefore ??= lamportTime;
    this.completeBefore = this.firstMissing(this.completeBefore);
    this.order.take(lamportTime, { kind: "user", lamportTime, name, payload, coalesce }, isOwn);
    return true;
  }

  private firstMissing(from: number): number {
    let time = Math.max(from, this.clock.time - this.limits.bufferLength);
    while (this.buffer.has(time)) time += 1;
    return time;
  }

  private firstHole(): number | undefined {
    if (this.completeBefore === undefined) return undefined;
    const hole = this.firstMissing(this.completeBefore);
    this.completeBefore = hole;
    return hole < this.clock.time ? hole : undefined;
  }

  /** What has not been heard of before that time is not missed. */
  private settleBefore(lamportTime: number): void {
    this.completeBefore = this.firstMissing(Math.max(this.completeBefore ?? 0, lamportTime));
    this.comparedBefore = Math.max(this.comparedBefore, lamportTime);
    this.order.settleBefore(lamportTime);
  }

  private giveUpHoles(): void {
    this.settleBefore(this.clock.time);
  }

  private exchange(done: (succeeded: boolean) => void): boolean {
    const askedAt = this.clock.time;
    const newsBefore = this.newsCount;
    return (
      this.limits.exchange?.((succeeded) => {
        if (succeeded && this.newsCount === newsBefore && this.firstHole() === undefined)
          this.comparedBefore = Math.max(this.comparedBefore, askedAt);
        done(succeeded);
      }) ?? false
    );
  }
}

function sameEvent(a: RecentEvent, b: RecentEvent): boolean {
  return a.name === b.name && bytesEqual(a.payload, b.payload);
}
