import type { Rejected } from "../base/rejected.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";

/** How a value of type T is read and written. Schemas are immutable and shared. */
export abstract class Schema<T> {
  /** What a missing field has. */
  abstract readonly zero: T;
  /** Returns a value whether or not the bytes held one: the caller asks `reader.failure` at the end. */
  abstract read(reader: MsgpackReader): T;
  abstract write(writer: MsgpackWriter, value: T): void;

  /** True for what an optional field leaves out. */
  isZero(value: T): boolean {
    return value === this.zero;
  }

  /**
   * Decodes the value that begins at `offset`; bytes after it are not looked at, as in the reference. Byte fields of the
   * result are views of `bytes`: copy what is kept for long.
   */
  decode(bytes: Uint8Array, offset = 0): T | Rejected {
    const reader = new MsgpackReader(bytes, offset);
    const value = this.read(reader);
    return reader.failure ?? value;
  }

  /** Encodes the value, after a byte for the message type if one is given. */
  encode(value: T, messageType?: number): Uint8Array {
    if (messageType !== undefined) scratch.byte(messageType);
    this.write(scratch, value);
    return scratch.finish();
  }
}

/** The type of the values of a schema. */
export type Value<S> = S extends Schema<infer T> ? T : never;

/** Encoding is synchronous and never nested, so one buffer serves all of it. */
const scratch = new MsgpackWriter();
