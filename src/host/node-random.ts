import { randomFillSync } from "node:crypto";
import { Uint32Random } from "../base/random.ts";

/** Enough for some 340 nonces: one call into the system for all of them, and not so much that it delays a packet. */
const poolBytes = 4_096;

/** The system's cryptographic random numbers, drawn in advance, because a call for a few bytes costs microseconds. */
export class NodeRandom extends Uint32Random {
  private readonly pool = new Uint8Array(poolBytes);
  private readonly view = new DataView(this.pool.buffer);
  private used = poolBytes;

  fill(target: Uint8Array): Uint8Array {
    if (target.length > poolBytes / 4) return randomFillSync(target);
    const from = this.take(target.length);
    target.set(this.pool.subarray(from, from + target.length));
    return target;
  }

  protected nextUint32(): number {
    return this.view.getUint32(this.take(4));
  }

  /** Returns the offset of `count` bytes that nobody has used. */
  private take(count: number): number {
    if (this.used + count > poolBytes) {
      randomFillSync(this.pool);
      this.used = 0;
    }
    const from = this.used;
    this.used += count;
    return from;
  }
}
