import { emptyBytes, readUint16, readUint32, utf8Decode, viewBytes } from "../base/bytes.ts";
import { type Rejected, type RejectionReason, rejected } from "../base/rejected.ts";
import { TextCache } from "./text-cache.ts";

/** Texts of all readers: what it knows changes how fast a text is read, never what is read. */
const texts = new TextCache();

/**
 * Reads MessagePack in both dialects: the old one with raw bytes (what gossip writes) and the new one with str8 and bin.
 *
 * Failure is sticky: the first one is kept, the position jumps to the end, and every later read gives a zero value. So
 * decoders read straight on and ask once, at the end, whether it held. Nothing is allocated before its length was checked
 * against the bytes that are there.
 */
export class MsgpackReader {
  readonly bytes: Uint8Array;
  /** Where the next value begins. */
  position: number;
  readonly end: number;
  failure: Rejected | undefined = undefined;
  /** After a failure with reason "truncated": what `bytes.length` must at least be for a further attempt to get beyond it. */
  neededBytes = 0;

  constructor(bytes: Uint8Array, start = 0, end: number = bytes.length) {
    this.bytes = bytes;
    this.position = start;
    this.end = end;
  }

  /** Records the first failure; always returns 0 so that a read can end with it. */
  fail(reason: RejectionReason, detail: string): 0 {
    if (this.failure === undefined) this.failure = rejected(reason, `${detail} at byte ${this.position}`);
    this.position = this.end;
    return 0;
  }

  /** An integer in [0, max], of whatever width and sign it was written. Nil is 0. `max` is at most 2^53 - 1. */
  unsigned(max: number): number {
    const value = this.integer();
    if (value >= 0 && value <= max) return value;
    return this.fail("malformed", `integer ${value} is not in 0 to ${max}`);
  }

  /** An integer in [-(2^53 - 1), 2^53 - 1]. Nil is 0. */
  integer(): number {
    const head = this.byte();
    if (head < 0x80) return head;
    if (head >= 0xe0) return head - 0x100;
    switch (head) {
      case 0xc0:
        return 0;
      case 0xcc:
        return this.byte();
      case 0xcd:
        return this.uint16();
      case 0xce:
        return this.uint32();
      case 0xcf:
        return this.wide(0);
      case 0xd0:
        return (this.byte() << 24) >> 24;
      case 0xd1:
        return (this.uint16() << 16) >> 16;
      case 0xd2:
        return this.uint32() | 0;
      case 0xd3:
        return this.wide(1);
      default:
        return this.fail("malformed", `${describe(head)} where an integer belongs`);
    }
  }

  /** True and false, or 1 and 0 as the reference also takes them. Nil is false. */
  boolean(): boolean {
    const head = this.byte();
    if (head === 0xc3 || head === 1) return true;
    if (head !== 0xc2 && head !== 0 && head !== 0xc0)
      this.fail("malformed", `${describe(head)} where a boolean belongs`);
    return false;
  }

  /** float32, float64 or an integer. Nil is 0. */
  float(): number {
    const head = this.position < this.end ? this.bytes[this.position]! : 0;
    if (head !== 0xca && head !== 0xcb) return this.integer();
    this.position++;
    const width = head === 0xca ? 4 : 8;
    if (!this.has(width)) return 0;
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + this.position, width);
    this.position += width;
    return width === 4 ? view.getFloat32(0) : view.getFloat64(0);
  }

  /** Bytes or a string, as a view that shares the packet's memory. Nil is empty. */
  raw(): Uint8Array {
    const length = this.takeRaw();
    return length === 0 ? emptyBytes : viewBytes(this.bytes, this.position - length, this.position);
  }

  /** As `raw` without making a view: returns how many bytes there are, just before `position`. */
  takeRaw(): number {
    const length = this.rawLength();
    if (!this.has(length)) return 0;
    this.position += length;
    return length;
  }

  /** A string that is UTF-8; anything else is a failure, for two names must never be taken for one. Nil is empty. */
  strictText(): string {
    const length = this.takeRaw();
    if (length === 0) return "";
    const text = texts.decode(this.bytes, this.position - length, this.position);
    if (text !== undefined) return text;
    this.fail("malformed", "text is not UTF-8");
    return "";
  }

  /** A string; what is not UTF-8 in it becomes U+FFFD. Nil is empty. */
  looseText(): string {
    const length = this.takeRaw();
    if (length === 0) return "";
    const start = this.position - length;
    return texts.decode(this.bytes, start, this.position) ?? utf8Decode(viewBytes(this.bytes, start, this.position));
  }

  /** How many entries of key and value follow. Nil is 0. */
  mapLength(): number {
    const head = this.byte();
    if (head >= 0x80 && head <= 0x8f) return this.count(head & 0x0f, 2);
    if (head === 0xde) return this.count(this.uint16(), 2);
    if (head === 0xdf) return this.count(this.uint32(), 2);
    return head === 0xc0 ? 0 : this.fail("malformed", `${describe(head)} where a map belongs`);
  }

  /** How many elements follow. Nil is 0. */
  listLength(): number {
    const head = this.byte();
    if (head >= 0x90 && head <= 0x9f) return this.count(head & 0x0f, 1);
    if (head === 0xdc) return this.count(this.uint16(), 1);
    if (head === 0xdd) return this.count(this.uint32(), 1);
    return head === 0xc0 ? 0 : this.fail("malformed", `${describe(head)} where a list belongs`);
  }

  /** Takes a nil if one is next. */
  takeNil(): boolean {
    if (this.position >= this.end || this.bytes[this.position] !== 0xc0) return false;
    this.position++;
    return true;
  }

  /** Takes `expected` if these very bytes are next: how known keys are recognised without decoding them. */
  take(expected: Uint8Array): boolean {
    const { bytes, position } = this;
    const { length } = expected;
    if (position + length > this.end) return false;
    for (let i = 0; i < length; i++) if (bytes[position + i] !== expected[i]) return false;
    this.position = position + length;
    return true;
  }

  /** True for the head of a string or bytes value. */
  atRaw(): boolean {
    const head = this.position < this.end ? this.bytes[this.position]! : 0;
    return (head >= 0xa0 && head <= 0xbf) || (head >= 0xc4 && head <= 0xc6) || (head >= 0xd9 && head <= 0xdb);
  }

  /** Steps over one value of any type, without recursion: nesting costs a counter. */
  skip(): void {
    let values = 1;
    while (values > 0 && this.failure === undefined) {
      // Every value takes at least one byte, so a larger count can never be filled.
      if (values > this.end - this.position) this.truncated(this.position + values);
      else if (shortLengths[this.bytes[this.position]!]! > 0) values = this.skipShort(values);
      else values += this.skipHead() - 1;
    }
  }

  /** Steps over `values` as far as they are short, which nearly all are: the fast path of `skip`. Returns how many are left. */
  private skipShort(values: number): number {
    const { bytes, end } = this;
    let { position } = this;
    let left = values;
    while (left > 0 && position < end) {
      const head = bytes[position]!;
      const length = shortLengths[head]!;
      if (length === 0) break;
      if (length > end - position) return this.truncated(position + length);
      position += length;
      left += shortContents[head]! - 1;
    }
    this.position = position;
    return left;
  }

  /** Steps over a head and its payload; returns how many values it contains. */
  private skipHead(): number {
    const head = this.bytes[this.position]!;
    if (this.atRaw()) return this.step(this.rawLength());
    if ((head >= 0x80 && head <= 0x8f) || head === 0xde || head === 0xdf) return 2 * this.mapLength();
    if ((head >= 0x90 && head <= 0x9f) || head === 0xdc || head === 0xdd) return this.listLength();
    this.position++;
    if (head < 0x80 || head >= 0xe0) return this.step(0);
    if (head === 0xc1) return this.fail("malformed", describe(head));
    if (head === 0xc7) return this.step(this.byte() + 1);
    if (head === 0xc8) return this.step(this.uint16() + 1);
    if (head === 0xc9) return this.step(this.uint32() + 1);
    return this.step(fixedWidths[head - 0xc0]!);
  }

  private step(length: number): 0 {
    if (this.has(length)) this.position += length;
    return 0;
  }

  /** The length of a string or bytes value, of either dialect. */
  private rawLength(): number {
    const head = this.byte();
    if (head >= 0xa0 && head <= 0xbf) return head & 0x1f;
    switch (head) {
      case 0xc0:
        return 0;
      case 0xc4:
      case 0xd9:
        return this.byte();
      case 0xc5:
      case 0xda:
        return this.uint16();
      case 0xc6:
      case 0xdb:
        return this.uint32();
      default:
        return this.fail("malformed", `${describe(head)} where a string or bytes belong`);
    }
  }

  private count(length: number, valuesEach: number): number {
    if (length * valuesEach <= this.end - this.position) return length;
    return this.truncated(this.position + length * valuesEach);
  }

  private has(length: number): boolean {
    if (this.position + length <= this.end) return true;
    this.truncated(this.position + length);
    return false;
  }

  private truncated(neededBytes: number): 0 {
    if (this.failure === undefined) this.neededBytes = neededBytes;
    return this.fail("truncated", `${neededBytes} bytes announced, ${this.end} there:`);
  }

  private byte(): number {
    if (this.position < this.end) return this.bytes[this.position++]!;
    return this.truncated(this.position + 1);
  }

  private uint16(): number {
    if (!this.has(2)) return 0;
    this.position += 2;
    return readUint16(this.bytes, this.position - 2);
  }

  private uint32(): number {
    if (!this.has(4)) return 0;
    this.position += 4;
    return readUint32(this.bytes, this.position - 4);
  }

  /** 64 bits, signed or not; beyond 2^53 - 1 either way it would no longer be exact. */
  private wide(signed: 0 | 1): number {
    if (!this.has(8)) return 0;
    const high = readUint32(this.bytes, this.position);
    const low = readUint32(this.bytes, this.position + 4);
    this.position += 8;
    const value = (signed === 1 ? high | 0 : high) * 2 ** 32 + low;
    return Number.isSafeInteger(value) ? value : this.fail("malformed", "integer beyond 2^53 - 1");
  }
}

/** Payload lengths of the heads 0xc0 to 0xdf that have a fixed one; the others are handled before. */
const fixedWidths: readonly number[] = [
  0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 8, 1, 2, 4, 8, 1, 2, 4, 8, 2, 3, 5, 9, 17, 0, 0, 0, 0, 0, 0, 0,
];

/** By their head, the lengths of values whose head tells it, without those they contain; 0 for other heads. */
const shortLengths = Uint8Array.from({ length: 256 }, (_, head) => {
  if (head < 0xa0 || head >= 0xe0) return 1;
  if (head < 0xc0) return 1 + (head & 0x1f);
  if (head === 0xc0 || head === 0xc2 || head === 0xc3) return 1;
  return head >= 0xca && head <= 0xd3 ? 1 + fixedWidths[head - 0xc0]! : 0;
});

/** How many values these contain. */
const shortContents = Uint8Array.from({ length: 256 }, (_, head) => {
  if (head < 0x80 || head >= 0xa0) return 0;
  return head < 0x90 ? 2 * (head & 0x0f) : head & 0x0f;
});

function describe(head: number): string {
  return `0x${head.toString(16).padStart(2, "0")}`;
}
