import { onAbort } from "./abort.ts";

/** Stands in a stream of events where some were lost, because their reader was too slow: look at the members anew. */
export interface MissedEvents {
  readonly kind: "missed";
  /** How many were lost here. */
  readonly count: number;
}

/** Where the records of a subscription come from, as seen by it. */
export interface SubscriptionSource<T> {
  /** How many records wait for a slow reader; at least 1. */
  readonly waitingMax: number;
  /** The reader wants no more. Not called after `end`. */
  stop(): void | Promise<void>;
  /** Stops the subscription when it fires. It has not yet. */
  readonly signal?: AbortSignal | undefined;
  /** Makes the record that the reader finds in the place of lost ones. Without it they are only counted. */
  missed?(count: number): T;
  /** The first record was lost since the reader had last caught up. */
  losing?(): void;
}

interface Taker<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/** Records taken are cut off the list when there are more of them than this, and than of those that wait. */
const takenMax = 1_024;

/**
 * Records as they come, for one reader: `for await (const event of subscription)`. Leaving the loop stops the stream. What the reader has
 * not yet taken waits, up to a bound; then the oldest are lost. They are counted, and a stream of events says where they were: MissedEvents.
 * When a connection breaks, what arrived before is still handed out, and then CONNECTION_CLOSED is thrown.
 */
export class Subscription<T> implements AsyncIterableIterator<T> {
  private readonly source: SubscriptionSource<T>;
  /** Those before `taken` are gone already. */
  private waiting: T[] = [];
  private taken = 0;
  private readonly takers: Taker<T>[] = [];
  private ended = false;
  private failure: Error | undefined;
  private missedTotal = 0;
  /** Lost since the reader was last told of it. */
  private missedNow = 0;
  private isLosing = false;
  private readonly stopListening: () => void;

  constructor(source: SubscriptionSource<T>) {
    this.source = source;
    this.stopListening = onAbort(source.signal, () => void this.stop().catch(() => undefined));
  }

  /** How many records were lost, all told, because they were not taken in time. */
  get missedCount(): number {
    return this.missedTotal;
  }

  /** Stops the stream and ends the iteration at once; what waits is not handed out. Does nothing if it has ended. */
  async stop(): Promise<void> {
    this.clear();
    if (this.ended) return;
    this.end(undefined);
    await this.source.stop();
  }

  /** The next record, once there is one. Rejects with CONNECTION_CLOSED where a connection broke. */
  next(): Promise<IteratorResult<T, undefined>> {
    const record = this.take();
    if (record !== undefined) return Promise.resolve({ done: false, value: record });
    if (!this.ended) return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure);
  }

  /** Called by `for await` when it is left. */
  async return(): Promise<IteratorResult<T, undefined>> {
    await this.stop();
    return { done: true, value: undefined };
  }

  /** The subscription itself: it can be iterated over once. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  /** As `stop`, at the end of the block of an `await using`. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.stop();
  }

  /** For the source alone: a record came. */
  offer(record: T): void {
    if (this.ended) return;
    const taker = this.takers.shift();
    if (taker !== undefined) {
      taker.resolve({ done: false, value: record });
      return;
    }
    this.waiting.push(record);
    if (this.waiting.length - this.taken <= this.source.waitingMax) return;
    this.shift();
    this.missedTotal += 1;
    this.missedNow += 1;
    if (!this.isLosing) this.source.losing?.();
    this.isLosing = true;
  }

  /** For the source alone: no more records come, those waiting can still be taken; with a failure if nobody asked for the end. */
  end(failure: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    this.stopListening();
    for (const taker of this.takers.splice(0)) {
      if (failure === undefined) taker.resolve({ done: true, value: undefined });
      else taker.reject(failure);
    }
  }

  private take(): T | undefined {
    const { missedNow } = this;
    if (missedNow > 0) {
      this.missedNow = 0;
      if (this.source.missed !== undefined) return this.source.missed(missedNow);
    }
    return this.shift();
  }

  /** A plain `waiting.shift()` moves all that follow, which adds up where tens of thousands wait. */
  private shift(): T | undefined {
    if (this.taken === this.waiting.length) {
      this.isLosing = false;
      return undefined;
    }
    const record = this.waiting[this.taken];
    this.taken += 1;
    if (this.taken > takenMax && this.taken * 2 > this.waiting.length) {
      this.waiting = this.waiting.slice(this.taken);
      this.taken = 0;
    }
    return record;
  }

  private clear(): void {
    this.waiting = [];
    this.taken = 0;
    this.missedNow = 0;
  }
}
