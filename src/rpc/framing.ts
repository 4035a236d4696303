/**
 * RPC messages are MessagePack maps, one after the other, without a length before them: a header, then for some commands a
 * body. `FrameReader` finds where each ends while it arrives, so that nothing is decoded before it is complete and within
 * its limits; msgpackr does the decoding.
 */

import { Buffer, isUtf8 } from "node:buffer";
import { Packr } from "msgpackr/pack";
import { Unpackr } from "msgpackr/unpack";
import { assert, messageOf } from "../base/errors.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { readToken, type Token } from "./tokens.ts";

/** No message of the protocol nests deeper than five: body, member list, member, tags, value. */
const depthMax = 8;

/** What an empty reader holds on to. Beyond it, memory goes back once the bytes are read. */
const idleBufferBytes = 16 * 1024;

const packr = new Packr({ useRecords: false, variableMapSize: true });
const unpackr = new Unpackr({ useRecords: false, mapsAsObjects: true, int64AsType: "auto" });

export type FrameValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly FrameValue[]
  | { readonly [key: string]: FrameValue };

/** Keys are written in the order in which the object has them; the reference writes them alphabetically. */
export function encodeFrame(frame: { readonly [key: string]: FrameValue }): Uint8Array {
  return packr.pack(frame);
}

/** An integer of up to 64 bits, so that it is written as one: msgpackr writes a number above 32 bits as a float, which Go refuses. */
export function uint64(value: number | bigint): number | bigint {
  return typeof value === "number" && value > 0xffff_ffff ? BigInt(value) : value;
}

/**
 * Decodes a frame that `FrameReader` returned. Both dialects are read: text that is not UTF-8, which is how the old one
 * writes bytes, comes out as bytes.
 */
export function decodeFrame(frame: Uint8Array): Readonly<Record<string, unknown>> | Rejected {
  try {
    return unpackr.unpack(withBytesMarked(frame)) as Record<string, unknown>;
  } catch (error) {
    return rejected("malformed", `RPC frame: ${messageOf(error)}`);
  }
}

/** The frame with every text that is not UTF-8 rewritten as bytes: the very same frame where there is none. */
function withBytesMarked(frame: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let copied = 0;
  for (let at = 0; at < frame.length; ) {
    const token = readToken(frame, at, frame.length);
    assert(token !== undefined && !isRejected(token), "a frame that was scanned must be readable");
    const next = at + token.bytes;
    const content = frame.subarray(next - token.contentBytes, next);
    if (token.kind === "text" && !isUtf8(content)) {
      parts.push(frame.subarray(copied, at), packr.pack(content));
      copied = next;
    }
    at = next;
  }
  return parts.length === 0 ? frame : Buffer.concat([...parts, frame.subarray(copied)]);
}

/** Cuts a byte stream into frames. After it returned a `Rejected` the stream is out of step and must be closed. */
export class FrameReader {
  /** The longest frame accepted, in bytes. May be changed between frames. */
  frameBytesMax: number;
  private buffer = new Uint8Array(idleBufferBytes);
  /** `buffer[start, end)` holds what was received and not yet returned; the scan has come to `scanned`, which may lie beyond `end`. */
  private start = 0;
  private end = 0;
  private scanned = 0;
  /** For each container that is still open, outermost first: how many values are missing. */
  private readonly missing: number[] = [];
  /** Their sum: each takes at least one byte, so a frame that announces too many is refused before they arrive. */
  private missingTotal = 0;
  private failure: Rejected | undefined;

  constructor(frameBytesMax: number) {
    this.frameBytesMax = frameBytesMax;
  }

  /** Memory held, whether filled or not. */
  get heldBytes(): number {
    return this.buffer.length;
  }

  push(chunk: Uint8Array): void {
    if (this.failure !== undefined) return;
    this.makeRoom(chunk.length);
    this.buffer.set(chunk, this.end);
    this.end += chunk.length;
  }

  /** The next frame, its bytes the caller's; `undefined` until more bytes are pushed. */
  next(): Uint8Array | Rejected | undefined {
    while (this.failure === undefined) {
      if (this.scanned > this.end) return undefined;
      if (this.scanned > this.start && this.missing.length === 0) return this.takeFrame();
      const token = readToken(this.buffer, this.scanned, this.end);
      if (token === undefined) return undefined;
      const refused = isRejected(token) ? token : this.refuse(token);
      if (refused !== undefined) return this.fail(refused);
    }
    return this.failure;
  }

  /** Takes a token into account, or says why the frame cannot be accepted. */
  private refuse(token: Token): Rejected | undefined {
    if (this.scanned === this.start && token.kind !== "map") {
      return rejected("malformed", `RPC frame begins with ${token.kind}, expected a map`);
    }
    this.scanned += token.bytes;
    this.account(token.values);
    const bytesAtLeast = this.scanned - this.start + this.missingTotal;
    if (bytesAtLeast > this.frameBytesMax) {
      return rejected("too-large", `RPC frame of at least ${bytesAtLeast} bytes, limit ${this.frameBytesMax}`);
    }
    return this.missing.length > depthMax
      ? rejected("too-large", `RPC frame nests deeper than ${depthMax}`)
      : undefined;
  }

  /** One value was scanned; it opens a container if `values` is more than 0. */
  private account(values: number): void {
    const { missing } = this;
    if (missing.length > 0) {
      missing[missing.length - 1]! -= 1;
      this.missingTotal -= 1;
    }
    if (values > 0) {
      missing.push(values);
      this.missingTotal += values;
    }
    while (missing.at(-1) === 0) missing.pop();
  }

  private takeFrame(): Uint8Array {
    const frame = this.buffer.slice(this.start, this.scanned);
    this.start = this.scanned;
    if (this.start === this.end) {
      this.start = this.end = this.scanned = 0;
      if (this.buffer.length > idleBufferBytes) this.buffer = new Uint8Array(idleBufferBytes);
    }
    return frame;
  }

  private makeRoom(bytes: number): void {
    if (this.end + bytes <= this.buffer.length) return;
    const held = this.end - this.start;
    const target = held + bytes <= this.buffer.length ? this.buffer : new Uint8Array(2 * (held + bytes));
    target.set(this.buffer.subarray(this.start, this.end));
    this.buffer = target;
    this.scanned -= this.start;
    this.start = 0;
    this.end = held;
  }

  private fail(failure: Rejected): Rejected {
    this.failure = failure;
    this.buffer = new Uint8Array(0);
    this.start = this.end = this.scanned = 0;
    return failure;
  }
}
