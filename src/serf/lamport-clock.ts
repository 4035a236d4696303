/** The largest time the clock shows. A Go node counts to 2^64; no honest cluster comes near either. */
export const lamportTimeMax = Number.MAX_SAFE_INTEGER - 1;

/**
 * A logical clock (Lamport 1978): it orders what causes each other, without wall clocks that agree. Serf keeps one each for
 * membership, user events and queries. It starts at 1, so that time 0 means "never heard of".
 */
export class LamportClock {
  private now = 1;

  get time(): number {
    return this.now;
  }

  /** Moves on by one and returns the new time. */
  increment(): number {
    this.now = Math.min(this.now + 1, lamportTimeMax);
    return this.now;
  }

  /** Takes note of a time seen in a message: the clock is after it from now on. */
  witness(time: number): void {
    // At the very top the clock stands still rather than lose whole numbers: a forged time costs ordering, not correctness.
    if (time >= this.now) this.now = Math.min(time + 1, lamportTimeMax);
  }
}
