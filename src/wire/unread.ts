/** Long values that are read later than what is around them, and a slice at a time. */

import { viewBytes } from "../base/bytes.ts";
import type { Rejected } from "../base/rejected.ts";
import type { WorkSlice } from "../base/work-slice.ts";
import { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema-base.ts";

class UnreadSchema extends Schema<Uint8Array> {
  /** Nil: an empty map or list. */
  readonly zero = Uint8Array.of(0xc0);

  read(reader: MsgpackReader): Uint8Array {
    const start = reader.position;
    reader.skip();
    return reader.failure === undefined ? viewBytes(reader.bytes, start, reader.position) : this.zero;
  }

  write(writer: MsgpackWriter, value: Uint8Array): void {
    writer.append(value);
  }
}

/** A value as it stands on the wire, of any type: what is decoded is a view of it. */
export const unread: Schema<Uint8Array> = new UnreadSchema();

/** As `map(value)` reads it. */
export function* readMap<T>(
  encoded: Uint8Array,
  value: Schema<T>,
  slice: WorkSlice,
): Generator<void, ReadonlyMap<string, T> | Rejected> {
  const reader = new MsgpackReader(encoded);
  const entries = new Map<string, T>();
  const length = reader.mapLength();
  for (let index = 0; index < length && reader.failure === undefined; index++) {
    entries.set(reader.strictText(), value.read(reader));
    if (slice.isOver()) yield;
  }
  return reader.failure ?? entries;
}

/** As `list(element)` reads it, without those that are undefined. */
export function* readList<T>(
  encoded: Uint8Array,
  element: Schema<T>,
  slice: WorkSlice,
): Generator<void, NonNullable<T>[] | Rejected> {
  const reader = new MsgpackReader(encoded);
  const elements: NonNullable<T>[] = [];
  const length = reader.listLength();
  for (let index = 0; index < length && reader.failure === undefined; index++) {
    const value = element.read(reader);
    if (value !== undefined && value !== null) elements.push(value);
    if (slice.isOver()) yield;
  }
  return reader.failure ?? elements;
}
