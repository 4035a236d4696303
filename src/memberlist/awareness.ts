import type { Metrics } from "../base/host.ts";

/**
 * What this node thinks of its own health (Lifeguard's local health multiplier). A node that is slow, or badly connected,
 * misses acks through its own fault; the worse its score, the longer it waits before it accuses others.
 *
 * The score is in [0, multiplierMax - 1], 0 being healthy. With a `multiplierMax` of 1 it is always 0, which turns this part
 * of Lifeguard off.
 */
export class Awareness {
  private readonly scoreMax: number;
  private readonly metrics: Metrics;
  private current = 0;

  constructor(multiplierMax: number, metrics: Metrics) {
    this.scoreMax = multiplierMax - 1;
    this.metrics = metrics;
  }

  get score(): number {
    return this.current;
  }

  /** Worsens the score by a positive `delta`, improves it by a negative one. */
  applyDelta(delta: number): void {
    const score = Math.min(this.scoreMax, Math.max(0, this.current + delta));
    if (score === this.current) return;
    this.current = score;
    this.metrics.gauge("memberlist.health.score", score);
  }

  /** A time as long as this node's health makes it: itself for a healthy node, up to `multiplierMax` times as much. */
  scale(timeMs: number): number {
    return timeMs * (this.current + 1);
  }
}
