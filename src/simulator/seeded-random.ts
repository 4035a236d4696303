import { Uint32Random } from "../base/random.ts";

/**
 * sfc32 (Chris Doty-Humphrey's Small Fast Counting generator): the same seed gives the same numbers on every machine.
 * Not fit for keys; a simulation needs none that are secret.
 */
export class SeededRandom extends Uint32Random {
  private a: number;
  private b: number;
  private c: number;
  private counter = 1;

  /** Any number is a seed. Generators of one seed and different `stream`s are independent of each other. */
  constructor(seed: number, stream = 0) {
    super();
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 0x1_0000_0000) >>> 0;
    this.c = stream >>> 0;
    // Seeds that differ in one bit need some rounds until nothing of that shows any more.
    for (let round = 0; round < 20; round++) this.nextUint32();
  }

  fill(target: Uint8Array): Uint8Array {
    let word = 0;
    for (let i = 0; i < target.length; i++) {
      word = i % 4 === 0 ? this.nextUint32() : word >>> 8;
      target[i] = word;
    }
    return target;
  }

  protected nextUint32(): number {
    const result = (((this.a + this.b) | 0) + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = (((this.c << 21) | (this.c >>> 11)) + result) | 0;
    return result >>> 0;
  }
}
