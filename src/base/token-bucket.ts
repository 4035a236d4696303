import type { Clock } from "./host.ts";

/** A rate with bursts: tokens come at a steady pace up to a limit. One may take more than there are; then nothing is free until that is made up for. */
export class TokenBucket {
  private readonly clock: Clock;
  private readonly perSecond: number;
  private readonly tokensMax: number;
  private tokens: number;
  private asOfMs: number;

  /** `perSecond` and `tokensMax` are above 0. The bucket is full at first. */
  constructor(clock: Clock, perSecond: number, tokensMax: number) {
    this.clock = clock;
    this.perSecond = perSecond;
    this.tokensMax = tokensMax;
    this.tokens = tokensMax;
    this.asOfMs = clock.monotonicMs();
  }

  /** How long until there is a token again: 0 if there is one. */
  waitMs(): number {
    this.fill();
    return this.tokens > 0 ? 0 : ((1 - this.tokens) / this.perSecond) * 1000;
  }

  take(count: number): void {
    this.fill();
    this.tokens -= count;
  }

  private fill(): void {
    const nowMs = this.clock.monotonicMs();
    this.tokens = Math.min(this.tokensMax, this.tokens + ((nowMs - this.asOfMs) / 1000) * this.perSecond);
    this.asOfMs = nowMs;
  }
}
