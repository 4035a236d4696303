/** The largest time the clock shows. A Go node counts to 2^64; no honest cluster comes near either. */
const lamportTimeMax = Number.MAX_SAFE_INTEGER - 1;

/**
 * A logical clock (Lamport 1978): it orders what causes each other, without wall clocks that agree. Serf keeps one each for
 * membership, user events and queries. It starts at 1, so that time 0 means "never heard of".
 */
export class LamportClock {
  private now = 1;

  get time(): number {
    return this.now;
  }

  /**
   * Takes note of the time of a message, one's own or another's: the clock is after it from now on. A message that is sent bears the
   * time the clock shows, and is then witnessed like any other; that is what moves the clock on.
   */
  witness(time: number): void {
    // At the very top the clock stands still rather than lose whole numbers: a forged time costs ordering, not correctness.
    if (time >= this.now) this.now = Math.min(time + 1, lamportTimeMax);
  }
}
