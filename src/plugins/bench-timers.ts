import type { TimerSource } from "./scheduler.ts";

interface VirtualTimer {
  readonly dueMs: number;
  readonly fire: () => void;
}

/** Time that stands still until it is advanced. */
export class BenchTimers implements TimerSource {
  private readonly timers = new Set<VirtualTimer>();
  private timeMs = 0;

  nowMs(): number {
    return this.timeMs;
  }

  after(delayMs: number, fire: () => void): () => void {
    const timer = { dueMs: this.timeMs + Math.max(0, delayMs), fire };
    this.timers.add(timer);
    return () => {
      this.timers.delete(timer);
    };
  }

  /** Fires the next timer due at or before that time, and moves the clock to it; false, with the clock moved there, where none is. */
  fireNext(untilMs: number): boolean {
    let next: VirtualTimer | undefined;
    for (const timer of this.timers) if (next === undefined || timer.dueMs < next.dueMs) next = timer;
    if (next === undefined || next.dueMs > untilMs) {
      this.timeMs = Math.max(this.timeMs, untilMs);
      return false;
    }
    this.timers.delete(next);
    this.timeMs = next.dueMs;
    next.fire();
    return true;
  }
}

export const realTimers: TimerSource = {
  nowMs: () => performance.now(),
  after: (delayMs, fire) => {
    const timer = setTimeout(fire, delayMs);
    return () => clearTimeout(timer);
  },
};
