import type { Random } from "./host.ts";

/** Turns a source of uniform 32-bit integers into the numbers that `Random` promises; what differs between hosts is the source. */
export abstract class Uint32Random implements Random {
  /** A uniform integer in [0, 2^32). */
  protected abstract nextUint32(): number;

  abstract fill(target: Uint8Array): Uint8Array;

  below(bound: number): number {
    // The last, incomplete run of `bound` numbers is drawn again: keeping it would favour its small remainders.
    const limit = 0x1_0000_0000 - (0x1_0000_0000 % bound);
    let drawn = this.nextUint32();
    while (drawn >= limit) drawn = this.nextUint32();
    return drawn % bound;
  }

  fraction(): number {
    // 53 bits, all that a double holds.
    const high = this.nextUint32() >>> 5;
    const low = this.nextUint32() >>> 6;
    return (high * 0x400_0000 + low) / 0x20_0000_0000_0000;
  }
}
