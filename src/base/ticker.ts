import type { Random, Timer, Timers } from "./host.ts";

export interface TickerOptions {
  readonly timers: Timers;
  readonly random: Random;
  /** Asked again before every wait: an interval may grow with the cluster. At 0 the ticker never ticks. */
  intervalMs(): number;
  handleTick(): void;
}

/**
 * Calls `handleTick` again and again. The first wait is a random share of an interval, so that nodes started together do
 * not all speak at the same moment for the rest of their lives.
 */
export class Ticker {
  private readonly options: TickerOptions;
  private timer: Timer | undefined;

  constructor(options: TickerOptions) {
    this.options = options;
  }

  start(): void {
    const intervalMs = this.options.intervalMs();
    if (intervalMs > 0 && this.timer === undefined) this.wait(this.options.random.fraction() * intervalMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private wait(delayMs: number): void {
    this.timer = this.options.timers.after(delayMs, () => {
      // The next wait begins before the work, so that the work's own duration does not stretch the interval.
      this.wait(this.options.intervalMs());
      this.options.handleTick();
    });
  }
}
