import { utf8EncodeInto, viewBytes, writeUint16, writeUint32 } from "../base/bytes.ts";

/**
 * Writes MessagePack as the reference's gossip does: strings and bytes alike in the old raw form (fixraw, raw16, raw32 and
 * never str8 or bin), integers that are not negative as the shortest unsigned form.
 */
export class MsgpackWriter {
  private buffer: Uint8Array;
  /** Where the message being written begins, and where it ends so far. */
  private start = 0;
  private end = 0;

  constructor(capacityBytes: number = slabBytes) {
    this.buffer = new Uint8Array(capacityBytes);
  }

  /**
   * Returns what was written since the last call. Messages are handed out as neighbouring parts of one larger allocation,
   * never written again: allocating each by itself would cost more than encoding it.
   */
  finish(): Uint8Array {
    const written = viewBytes(this.buffer, this.start, this.end);
    this.start = this.end;
    return written;
  }

  /** A byte as it is, outside MessagePack: a message type. */
  byte(value: number): void {
    this.reserve(1);
    this.buffer[this.end++] = value;
  }

  /** Bytes as they are, outside MessagePack or already encoded. */
  append(bytes: Uint8Array): void {
    const { length } = bytes;
    this.reserve(length);
    // Keys and addresses are so short that a call costs more than the copying.
    if (length > 16) this.buffer.set(bytes, this.end);
    else for (let i = 0; i < length; i++) this.buffer[this.end + i] = bytes[i]!;
    this.end += length;
  }

  nil(): void {
    this.byte(0xc0);
  }

  boolean(value: boolean): void {
    this.byte(value ? 0xc3 : 0xc2);
  }

  /** A safe integer. */
  integer(value: number): void {
    this.reserve(9);
    if (value < 0) this.negative(value);
    else if (value < 0x80) this.buffer[this.end++] = value;
    else if (value < 0x100) this.head(0xcc, value, 1);
    else if (value < 0x1_0000) this.head(0xcd, value, 2);
    else if (value < 0x1_0000_0000) this.head(0xce, value, 4);
    else this.wide(0xcf, value);
  }

  /** An IEEE 754 double. */
  float(value: number): void {
    this.reserve(9);
    this.buffer[this.end] = 0xcb;
    new DataView(this.buffer.buffer, this.buffer.byteOffset).setFloat64(this.end + 1, value);
    this.end += 9;
  }

  /** Bytes in the old raw form; empty is nil, as the reference writes bytes that are not set. */
  raw(bytes: Uint8Array): void {
    if (bytes.length === 0) {
      this.nil();
    } else {
      this.rawHead(bytes.length);
      this.append(bytes);
    }
  }

  /** A string in the old raw form. */
  text(value: string): void {
    const units = value.length;
    this.reserve(5 + 3 * units);
    const start = this.end;
    // Names and keys are short and ASCII: written in place, with the one-byte head they nearly always get.
    if (units < 32) {
      let i = 0;
      for (; i < units; i++) {
        const unit = value.charCodeAt(i);
        if (unit >= 0x80) break;
        this.buffer[start + 1 + i] = unit;
      }
      if (i === units) {
        this.buffer[start] = 0xa0 | units;
        this.end = start + 1 + units;
        return;
      }
    }
    const bytes = utf8EncodeInto(value, this.buffer, start + 5);
    this.rawHead(bytes);
    this.buffer.copyWithin(this.end, start + 5, start + 5 + bytes);
    this.end += bytes;
  }

  mapHead(entries: number): void {
    this.containerHead(entries, 0x80, 0xde);
  }

  listHead(elements: number): void {
    this.containerHead(elements, 0x90, 0xdc);
  }

  private rawHead(bytes: number): void {
    this.reserve(5);
    if (bytes < 32) this.buffer[this.end++] = 0xa0 | bytes;
    else if (bytes < 0x1_0000) this.head(0xda, bytes, 2);
    else this.head(0xdb, bytes, 4);
  }

  private containerHead(count: number, fix: number, head16: number): void {
    this.reserve(5);
    if (count < 16) this.buffer[this.end++] = fix | count;
    else if (count < 0x1_0000) this.head(head16, count, 2);
    else this.head(head16 + 1, count, 4);
  }

  private negative(value: number): void {
    if (value >= -32) this.buffer[this.end++] = value;
    else if (value >= -0x80) this.head(0xd0, value, 1);
    else if (value >= -0x8000) this.head(0xd1, value, 2);
    else if (value >= -0x8000_0000) this.head(0xd2, value, 4);
    else this.wide(0xd3, value);
  }

  private head(head: number, value: number, width: 1 | 2 | 4): void {
    this.buffer[this.end] = head;
    if (width === 1) this.buffer[this.end + 1] = value;
    else if (width === 2) writeUint16(this.buffer, this.end + 1, value);
    else writeUint32(this.buffer, this.end + 1, value);
    this.end += 1 + width;
  }

  private wide(head: number, value: number): void {
    this.buffer[this.end] = head;
    writeUint32(this.buffer, this.end + 1, Math.floor(value / 2 ** 32));
    writeUint32(this.buffer, this.end + 5, value >>> 0);
    this.end += 9;
  }

  private reserve(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const written = this.end - this.start;
    const larger = new Uint8Array(Math.max(slabBytes, 2 * (written + bytes)));
    larger.set(this.buffer.subarray(this.start, this.end));
    this.buffer = larger;
    this.start = 0;
    this.end = written;
  }
}

const slabBytes = 8 * 1024;
