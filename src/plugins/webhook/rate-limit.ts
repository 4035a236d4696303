interface Bucket {
  tokens: number;
  filledAtMs: number;
}

/** Addresses that are remembered; the one that was silent longest goes first. */
const addressesMax = 4096;

/** So many requests a second from one address, and twice as many at once after a while of silence. */
export class RateLimit {
  private readonly perSecond: number;
  private readonly buckets = new Map<string, Bucket>();

  constructor(perSecond: number) {
    this.perSecond = perSecond;
  }

  /** Whether this one may pass. */
  admits(address: string, nowMs: number): boolean {
    const full = this.perSecond * 2;
    const bucket = this.buckets.get(address) ?? { tokens: full, filledAtMs: nowMs };
    bucket.tokens = Math.min(full, bucket.tokens + ((nowMs - bucket.filledAtMs) * this.perSecond) / 1000);
    bucket.filledAtMs = nowMs;
    // The map keeps the order of insertion: the silent are in front.
    this.buckets.delete(address);
    this.buckets.set(address, bucket);
    if (this.buckets.size > addressesMax) this.buckets.delete(this.buckets.keys().next().value!);
    if (bucket.tokens < 1) return false;
    bucket.tokens -= 1;
    return true;
  }
}
