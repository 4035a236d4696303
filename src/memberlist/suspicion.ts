import type { Clock, Timer, Timers } from "../base/host.ts";
import { confirmedTimeoutMs } from "./scaling.ts";

export interface SuspicionOptions {
  readonly clock: Clock;
  readonly timers: Timers;
  /** Who accused the member first. */
  readonly from: string;
  /** How many confirmations bring the suspicion down to `minMs`: see `confirmationsWanted`. With 0 it lasts `minMs` at once. */
  readonly wanted: number;
  readonly minMs: number;
  readonly maxMs: number;
  /** Nobody refuted in time. `confirmations` is how many others had confirmed. */
  expired(confirmations: number): void;
}

/** A node that holds the suspect for failed, and when this node heard of it: monotonic time, unless said otherwise. */
export interface Accuser {
  readonly name: string;
  readonly sinceMs: number;
}

/**
 * One suspected member, and how long it still has to refute (Lifeguard's dynamic suspicion timeout). A suspicion starts
 * with the longest time, since the fault may be this node's own; every other node that says the same independently
 * shortens it.
 */
export class Suspicion {
  readonly startedMs: number;
  private readonly options: SuspicionOptions;
  /** In the order in which they came; the first is who started it and confirms nothing. */
  private readonly accusersByName = new Map<string, number>();
  private timer: Timer;
  private running = true;

  constructor(options: SuspicionOptions) {
    this.options = options;
    this.startedMs = options.clock.monotonicMs();
    this.accusersByName.set(options.from, this.startedMs);
    this.timer = this.startTimer(options.wanted < 1 ? options.minMs : options.maxMs);
  }

  get confirmations(): number {
    return this.accusersByName.size - 1;
  }

  get accusers(): readonly Accuser[] {
    return [...this.accusersByName].map(([name, sinceMs]) => ({ name, sinceMs }));
  }

  /**
   * Notes that `from` suspects the member too. True if that is new and still wanted, and so worth telling others; false
   * once there are enough, for a name heard before, and after the suspicion ended.
   */
  confirm(from: string): boolean {
    const { clock, wanted, minMs, maxMs } = this.options;
    if (!this.running || this.confirmations >= wanted || this.accusersByName.has(from)) return false;
    const nowMs = clock.monotonicMs();
    this.accusersByName.set(from, nowMs);
    const totalMs = confirmedTimeoutMs(this.confirmations, wanted, minMs, maxMs);
    this.timer.cancel();
    this.timer = this.startTimer(Math.max(0, this.startedMs + totalMs - nowMs));
    return true;
  }

  /** The member refuted, or was declared dead by somebody else. */
  cancel(): void {
    this.running = false;
    this.timer.cancel();
  }

  private startTimer(delayMs: number): Timer {
    return this.options.timers.after(delayMs, () => {
      this.running = false;
      this.options.expired(this.confirmations);
    });
  }
}
