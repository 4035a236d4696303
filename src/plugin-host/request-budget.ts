import { SerfError } from "../base/errors.ts";
import type { TimerSource } from "../plugins/scheduler.ts";

/** Requests that a plugin may make at once after a while of silence, and a second in the long run. */
const burst = 500;
const perSecond = 500;
const waitingMax = 1024;

/** Lets a plugin's requests through no faster than an agent can well serve beside its own work; those beyond wait their turn. */
export class RequestBudget {
  private readonly timers: TimerSource;
  private readonly waiting: (() => void)[] = [];
  private tokens = burst;
  private filledAtMs: number;
  private cancel: (() => void) | undefined;

  constructor(timers: TimerSource) {
    this.timers = timers;
    this.filledAtMs = timers.nowMs();
  }

  /** Calls `serve` now or when there is room. Throws PLUGIN_BUSY where too many wait. */
  admit(serve: () => void): void {
    this.fill();
    if (this.tokens >= 1 && this.waiting.length === 0) {
      this.tokens -= 1;
      serve();
      return;
    }
    if (this.waiting.length >= waitingMax) throw new SerfError("PLUGIN_BUSY", `${waitingMax} requests wait already`);
    this.waiting.push(serve);
    this.cancel ??= this.timers.after(1000 / perSecond, () => this.serveWaiting());
  }

  stop(): void {
    this.cancel?.();
    this.waiting.length = 0;
  }

  private serveWaiting(): void {
    this.cancel = undefined;
    this.fill();
    while (this.tokens >= 1 && this.waiting.length > 0) {
      this.tokens -= 1;
      this.waiting.shift()?.();
    }
    if (this.waiting.length > 0) this.cancel = this.timers.after(1000 / perSecond, () => this.serveWaiting());
  }

  private fill(): void {
    const nowMs = this.timers.nowMs();
    this.tokens = Math.min(burst, this.tokens + ((nowMs - this.filledAtMs) * perSecond) / 1000);
    this.filledAtMs = nowMs;
  }
}
