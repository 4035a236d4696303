import type { Clock } from "./host.ts";

/** The largest of the values noted, each of which counts for half after so long, for a quarter after twice as long, and so on. */
export class FadingMaximum {
  private readonly clock: Clock;
  private readonly halfLifeMs: number;
  private value = 0;
  private asOfMs: number;

  /** `halfLifeMs` is above 0. */
  constructor(clock: Clock, halfLifeMs: number) {
    this.clock = clock;
    this.halfLifeMs = halfLifeMs;
    this.asOfMs = clock.monotonicMs();
  }

  /** `value` is 0 or above. */
  note(value: number): void {
    this.value = Math.max(value, this.current);
    this.asOfMs = this.clock.monotonicMs();
  }

  /** 0 if nothing was noted. */
  get current(): number {
    if (this.value === 0) return 0;
    return this.value * 2 ** ((this.asOfMs - this.clock.monotonicMs()) / this.halfLifeMs);
  }
}
