/** Numbers, booleans, texts and bytes on the wire. */

import { emptyBytes } from "../base/bytes.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema-base.ts";

class UnsignedSchema extends Schema<number> {
  readonly zero = 0;
  private readonly max: number;

  constructor(max: number) {
    super();
    this.max = max;
  }

  read(reader: MsgpackReader): number {
    return reader.unsigned(this.max);
  }

  write(writer: MsgpackWriter, value: number): void {
    writer.integer(value);
  }
}

class SignedSchema extends Schema<number> {
  readonly zero = 0;

  read(reader: MsgpackReader): number {
    return reader.integer();
  }

  write(writer: MsgpackWriter, value: number): void {
    writer.integer(value);
  }
}

class FloatSchema extends Schema<number> {
  readonly zero = 0;

  read(reader: MsgpackReader): number {
    return reader.float();
  }

  write(writer: MsgpackWriter, value: number): void {
    writer.float(value);
  }
}

class BooleanSchema extends Schema<boolean> {
  readonly zero = false;

  read(reader: MsgpackReader): boolean {
    return reader.boolean();
  }

  write(writer: MsgpackWriter, value: boolean): void {
    writer.boolean(value);
  }
}

class StrictTextSchema extends Schema<string> {
  readonly zero = "";

  read(reader: MsgpackReader): string {
    return reader.strictText();
  }

  write(writer: MsgpackWriter, value: string): void {
    writer.text(value);
  }
}

class LenientTextSchema extends StrictTextSchema {
  override read(reader: MsgpackReader): string {
    return reader.looseText();
  }
}

class BytesSchema extends Schema<Uint8Array> {
  readonly zero = emptyBytes;

  read(reader: MsgpackReader): Uint8Array {
    return reader.raw();
  }

  write(writer: MsgpackWriter, value: Uint8Array): void {
    writer.raw(value);
  }

  override isZero(value: Uint8Array): boolean {
    return value.length === 0;
  }
}

export const u8: Schema<number> = new UnsignedSchema(0xff);
export const u16: Schema<number> = new UnsignedSchema(0xffff);
export const u32: Schema<number> = new UnsignedSchema(0xffff_ffff);
/** Go's uint64; a value above 2^53 - 1 is rejected. Lamport times. */
export const u64: Schema<number> = new UnsignedSchema(Number.MAX_SAFE_INTEGER);
/** Go's int and int64; a value beyond 2^53 - 1 either way is rejected. */
export const i64: Schema<number> = new SignedSchema();
/** Written as float64. */
export const f64: Schema<number> = new FloatSchema();
export const boolean: Schema<boolean> = new BooleanSchema();
/** Must be UTF-8: what names something. */
export const text: Schema<string> = new StrictTextSchema();
/** What is not UTF-8 becomes U+FFFD: what people read. */
export const looseText: Schema<string> = new LenientTextSchema();
export const bytes: Schema<Uint8Array> = new BytesSchema();
