/**
 * LZW as in GIF: least significant bit first, 8-bit literals, codes of 9 to 12 bits. What `compressLzw` writes equals what
 * Go's compress/lzw writes, and `LzwInflater` takes exactly what that takes.
 */

import { type Rejected, rejected } from "../base/rejected.ts";

const literalBits = 8;
const clearCode = 1 << literalBits;
const endCode = clearCode + 1;
const codeBitsMax = 12;
const codesMax = 1 << codeBitsMax;
const noCode = 0xffff;

/** Open addressing over (prefix code, next byte) -> code; four slots a code keep the chains short. */
const hashBitsMax = codeBitsMax + 2;
const hashTable = new Uint32Array(1 << hashBitsMax);
/** Knuth's, for multiplicative hashing: the upper bits of the product are well mixed. */
const hashFactor = 0x9e37_79b1;

/** Compresses; the result may be longer than the input. */
export function compressLzw(input: Uint8Array): Uint8Array {
  const output = new BitWriter(Math.ceil((input.length * codeBitsMax) / 8) + 16);
  let codeBits = literalBits + 1;
  let latestCode = endCode;
  let widensAt = 2 * clearCode;
  output.write(clearCode, codeBits);
  // No more codes than bytes: for a small packet, clearing the whole table would take longer than all the rest.
  const hashBits = Math.min(hashBitsMax, 34 - Math.clz32(input.length));
  const hashShift = 32 - hashBits;
  const hashMask = (1 << hashBits) - 1;
  hashTable.fill(0, 0, hashMask + 1);

  /** Counts the code just written; false if that used the last one up and the table starts anew. */
  const advance = (): boolean => {
    latestCode++;
    if (latestCode === widensAt) {
      codeBits++;
      widensAt *= 2;
    }
    if (latestCode < codesMax - 1) return true;
    output.write(clearCode, codeBits);
    codeBits = literalBits + 1;
    latestCode = endCode;
    widensAt = 2 * clearCode;
    hashTable.fill(0, 0, hashMask + 1);
    return false;
  };

  if (input.length > 0) {
    let prefix = input[0]!;
    for (let i = 1; i < input.length; i++) {
      const byte = input[i]!;
      const key = (prefix << 8) | byte;
      let slot = Math.imul(key, hashFactor) >>> hashShift;
      // A slot holds the key above and the code below; codes are never 0, so neither is a slot in use.
      while (hashTable[slot] !== 0 && hashTable[slot]! >>> 12 !== key) slot = (slot + 1) & hashMask;
      if (hashTable[slot] !== 0) {
        prefix = hashTable[slot]! & (codesMax - 1);
        continue;
      }
      output.write(prefix, codeBits);
      if (advance()) hashTable[slot] = (key << 12) | latestCode;
      prefix = byte;
    }
    output.write(prefix, codeBits);
    advance();
  }
  output.write(endCode, codeBits);
  return output.finish();
}

class BitWriter {
  private readonly bytes: Uint8Array;
  private length = 0;
  private pending = 0;
  private pendingBits = 0;

  constructor(capacityBytes: number) {
    this.bytes = new Uint8Array(capacityBytes);
  }

  write(code: number, bits: number): void {
    this.pending |= code << this.pendingBits;
    this.pendingBits += bits;
    while (this.pendingBits >= 8) {
      this.bytes[this.length++] = this.pending;
      this.pending >>>= 8;
      this.pendingBits -= 8;
    }
  }

  finish(): Uint8Array {
    if (this.pendingBits > 0) this.bytes[this.length++] = this.pending;
    return this.bytes.slice(0, this.length);
  }
}

/** For each code from 258 on: the code of all but its last byte, and that byte. Written before they are read, they need not be cleared. */
export class LzwCodes {
  readonly prefixes = new Uint16Array(codesMax);
  readonly suffixes = new Uint8Array(codesMax);
}

/**
 * Inflates to at most `bytesMax`, in slices if so wished: 40 MiB in one go would keep a node from answering pings for a
 * quarter of a second. Output grows with what is really inflated.
 */
export class LzwInflater {
  private readonly input: Uint8Array;
  private readonly bytesMax: number;
  private readonly codes: LzwCodes;
  private output: Uint8Array;
  private length = 0;
  private position = 0;
  private pending = 0;
  private pendingBits = 0;
  private codeBits = literalBits + 1;
  /** The code that the next one in the input defines. */
  private nextCode = endCode;
  private previous = noCode;
  /** True once the end was reached. */
  isDone = false;

  /** `codes` may be used by another once this one is done: packets, inflated in one go, need no 12 kB each. */
  constructor(input: Uint8Array, bytesMax: number, codes = new LzwCodes()) {
    this.codes = codes;
    this.input = input;
    this.bytesMax = bytesMax;
    this.output = new Uint8Array(Math.min(bytesMax, 4 * input.length));
  }

  /** Everything inflated, once `isDone`. */
  result(): Uint8Array {
    return this.output.slice(0, this.length);
  }

  /** Inflates at least `bytes` more, or to the end; beyond `bytesMax` is "too-large". */
  advance(bytes: number): Rejected | undefined {
    const until = this.length + bytes;
    while (this.length < until) {
      const code = this.readCode();
      if (code === undefined) return rejected("truncated", "compressed bytes without an end");
      if (code === endCode) {
        this.isDone = true;
        break;
      }
      if (code === clearCode) {
        this.codeBits = literalBits + 1;
        this.nextCode = endCode;
        this.previous = noCode;
        continue;
      }
      if (code > this.nextCode) return rejected("malformed", `LZW code ${code} before it was defined`);
      const first = this.expand(code);
      if (first === undefined) return rejected("too-large", `inflates to more than ${this.bytesMax} bytes`);
      this.define(code, first);
    }
    return undefined;
  }

  private readCode(): number | undefined {
    const { input, codeBits } = this;
    let { pending, pendingBits } = this;
    while (pendingBits < codeBits) {
      if (this.position === input.length) return undefined;
      pending |= input[this.position++]! << pendingBits;
      pendingBits += 8;
    }
    this.pending = pending >>> codeBits;
    this.pendingBits = pendingBits - codeBits;
    return pending & ((1 << codeBits) - 1);
  }

  /** Notes what the previous code and the first byte of this one together are from now on called. */
  private define(code: number, first: number): void {
    if (this.previous !== noCode) {
      this.codes.prefixes[this.nextCode] = this.previous;
      this.codes.suffixes[this.nextCode] = first;
    }
    this.previous = code;
    this.nextCode++;
    if (this.nextCode < 1 << this.codeBits) return;
    if (this.codeBits < codeBitsMax) {
      this.codeBits++;
    } else {
      // The table is full: no more codes are defined until the writer clears it.
      this.previous = noCode;
      this.nextCode--;
    }
  }

  /** Appends what `code` stands for and returns its first byte; undefined if there is no room. */
  private expand(code: number): number | undefined {
    const { prefixes, suffixes } = this.codes;
    // The code being defined right now is the previous expansion and that one's first byte again.
    const isBeingDefined = code === this.nextCode && this.previous !== noCode;
    let walk = isBeingDefined ? this.previous : code;
    let length = isBeingDefined ? 2 : 1;
    for (let c = walk; c >= clearCode; c = prefixes[c]!) length++;
    const end = this.length + length;
    if (end > this.bytesMax) return undefined;
    if (end > this.output.length) this.grow(end);
    const { output } = this;
    let at = isBeingDefined ? end - 2 : end - 1;
    while (walk >= clearCode) {
      output[at--] = suffixes[walk]!;
      walk = prefixes[walk]!;
    }
    output[at] = walk;
    if (isBeingDefined) output[end - 1] = walk;
    this.length = end;
    return walk;
  }

  private grow(bytes: number): void {
    const grown = new Uint8Array(Math.min(this.bytesMax, Math.max(2 * this.output.length, bytes)));
    grown.set(this.output.subarray(0, this.length));
    this.output = grown;
  }
}
