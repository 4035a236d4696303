import type { Timer, Timers } from "../base/host.ts";
import type { Ack, Nack } from "../wire/messages.ts";

/** Who waits for an answer to a ping. */
export interface AckWaiter {
  /** Called at most once; the waiter is forgotten then. */
  ack(payload: Uint8Array, atMs: number): void;
  nack?(): void;
  /** The time is up and no ack came; the waiter is forgotten. */
  expired(): void;
}

/** Pings under way, by sequence number: this node's own and those it relays for others. */
export class AckWaiters {
  private readonly timers: Timers;
  private readonly waiting = new Map<number, { readonly waiter: AckWaiter; readonly timer: Timer }>();
  private lastSequence = 0;

  constructor(timers: Timers) {
    this.timers = timers;
  }

  get size(): number {
    return this.waiting.size;
  }

  /** Gives out a sequence number and remembers who waits for its answer. */
  expect(timeoutMs: number, waiter: AckWaiter): number {
    this.lastSequence = (this.lastSequence + 1) >>> 0;
    const sequence = this.lastSequence;
    const timer = this.timers.after(timeoutMs, () => {
      this.waiting.delete(sequence);
      waiter.expired();
    });
    this.waiting.set(sequence, { waiter, timer });
    return sequence;
  }

  /** An ack that nobody waits for, or waits for no longer, has no effect. */
  receiveAck(ack: Ack, atMs: number): void {
    const entry = this.waiting.get(ack.sequence);
    if (entry === undefined) return;
    this.forget(ack.sequence);
    entry.waiter.ack(ack.payload, atMs);
  }

  receiveNack(nack: Nack): void {
    this.waiting.get(nack.sequence)?.waiter.nack?.();
  }

  forget(sequence: number): void {
    this.waiting.get(sequence)?.timer.cancel();
    this.waiting.delete(sequence);
  }

  clear(): void {
    for (const { timer } of this.waiting.values()) timer.cancel();
    this.waiting.clear();
  }
}
