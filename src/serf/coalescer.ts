/**
 * Coalescing: instead of telling every event as it comes, wait for a calm moment and tell the outcome. Five nodes that join
 * within a second become one event; a node that fails and returns at once becomes none.
 */

import type { Timer, Timers } from "../base/host.ts";
import type { SerfEvent } from "./events.ts";

export interface CoalesceTiming {
  /** Told at the latest so long after the first event. */
  readonly periodMs: number;
  /** Told earlier if nothing came for so long. */
  readonly quiescentPeriodMs: number;
}

/** What is merged, and how: one for member events, one for user events. */
export interface CoalesceRule {
  /** Takes the event in, or says false: then it is not one to hold back. */
  take(event: SerfEvent): boolean;
  /** The outcome of all events taken in; afterwards there is nothing pending. */
  drain(): readonly SerfEvent[];
}

/** A flood is told early rather than held without bound. */
const pendingMax = 8192;

export class Coalescer {
  private readonly rule: CoalesceRule;
  private readonly timing: CoalesceTiming;
  private readonly timers: Timers;
  private readonly tell: (event: SerfEvent) => void;
  private pendingCount = 0;
  private deadline: Timer | undefined;
  private quiescence: Timer | undefined;

  constructor(rule: CoalesceRule, timing: CoalesceTiming, timers: Timers, tell: (event: SerfEvent) => void) {
    this.rule = rule;
    this.timing = timing;
    this.timers = timers;
    this.tell = tell;
  }

  receive(event: SerfEvent): void {
    if (!this.rule.take(event)) {
      this.tell(event);
      return;
    }
    this.pendingCount += 1;
    if (this.pendingCount >= pendingMax) {
      this.flush();
      return;
    }
    this.deadline ??= this.timers.after(this.timing.periodMs, () => this.flush());
    this.quiescence?.cancel();
    this.quiescence = this.timers.after(this.timing.quiescentPeriodMs, () => this.flush());
  }

  /** Tells at once what is pending. */
  flush(): void {
    this.deadline?.cancel();
    this.quiescence?.cancel();
    this.deadline = undefined;
    this.quiescence = undefined;
    this.pendingCount = 0;
    for (const event of this.rule.drain()) this.tell(event);
  }
}
