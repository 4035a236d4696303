/**
 * A message's form on the wire, declared once: from the declaration come its type, its decoder and its encoder.
 *
 * Decoding is lenient where the reference is: unknown keys are skipped, missing ones and nil take the zero value, keys may
 * come in any order. It never throws: the reader keeps the first failure, and `decode` returns it.
 *
 * Encoding is the reference's, byte for byte: a struct is a map of its fields sorted by key.
 */

import { utf8Encode } from "../base/bytes.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema-base.ts";

export { boolean, bytes, f64, i64, looseText, text, u8, u16, u32, u64 } from "./scalar-schemas.ts";
export { Schema, type Value } from "./schema-base.ts";

class ListSchema<T> extends Schema<readonly T[]> {
  readonly zero: readonly T[] = Object.freeze([]);
  private readonly element: Schema<T>;
  private readonly lengthMax: number;

  constructor(element: Schema<T>, lengthMax: number) {
    super();
    this.element = element;
    this.lengthMax = lengthMax;
  }

  read(reader: MsgpackReader): readonly T[] {
    const length = reader.listLength();
    if (length === 0) return this.zero;
    if (length > this.lengthMax) {
      reader.fail("too-large", `a list of ${length} elements`);
      return this.zero;
    }
    const list: T[] = [];
    for (let i = 0; i < length && reader.failure === undefined; i++) list.push(this.element.read(reader));
    return list;
  }

  write(writer: MsgpackWriter, value: readonly T[]): void {
    writer.listHead(value.length);
    for (const element of value) this.element.write(writer, element);
  }

  override isZero(value: readonly T[]): boolean {
    return value.length === 0;
  }
}

/** A list that is longer than `lengthMax` is refused before any of it is read. */
export function list<T>(element: Schema<T>, lengthMax = Number.POSITIVE_INFINITY): Schema<readonly T[]> {
  return new ListSchema(element, lengthMax);
}

class MapSchema<T> extends Schema<ReadonlyMap<string, T>> {
  readonly zero: ReadonlyMap<string, T> = new Map();
  private readonly value: Schema<T>;

  constructor(value: Schema<T>) {
    super();
    this.value = value;
  }

  read(reader: MsgpackReader): ReadonlyMap<string, T> {
    const entries = new Map<string, T>();
    const length = reader.mapLength();
    for (let i = 0; i < length && reader.failure === undefined; i++)
      entries.set(reader.strictText(), this.value.read(reader));
    return entries;
  }

  write(writer: MsgpackWriter, value: ReadonlyMap<string, T>): void {
    writer.mapHead(value.size);
    for (const [key, entry] of value) {
      writer.text(key);
      this.value.write(writer, entry);
    }
  }

  override isZero(value: ReadonlyMap<string, T>): boolean {
    return value.size === 0;
  }
}

/** Keys are UTF-8 texts. Written in the order of the Map. */
export function map<T>(value: Schema<T>): Schema<ReadonlyMap<string, T>> {
  return new MapSchema(value);
}

class NullableSchema<T> extends Schema<T | undefined> {
  readonly zero = undefined;
  private readonly inner: Schema<T>;

  constructor(inner: Schema<T>) {
    super();
    this.inner = inner;
  }

  read(reader: MsgpackReader): T | undefined {
    return reader.takeNil() ? undefined : this.inner.read(reader);
  }

  write(writer: MsgpackWriter, value: T | undefined): void {
    if (value === undefined) writer.nil();
    else this.inner.write(writer, value);
  }
}

/** Nil is undefined, not the zero value: Go's pointers. */
export function nullable<T>(inner: Schema<T>): Schema<T | undefined> {
  return new NullableSchema(inner);
}

/** A field of a struct: its key on the wire and how its value is written. */
export interface Field<T> {
  readonly key: string;
  readonly schema: Schema<T>;
  /** Left out when zero (the reference's "omitempty"). */
  readonly omitZero: boolean;
}

export function field<T>(key: string, schema: Schema<T>): Field<T> {
  return { key, schema, omitZero: false };
}

export function optionalField<T>(key: string, schema: Schema<T>): Field<T> {
  return { key, schema, omitZero: true };
}

type Shape = Readonly<Record<string, Field<unknown>>>;
type FieldValues<S> = { readonly [K in keyof S]: S[K] extends Field<infer T> ? T : never };

interface PlacedField extends Field<unknown> {
  /** The property of the decoded object. */
  readonly name: string;
  /** The key as it stands on the wire, head included. */
  readonly wireKey: Uint8Array;
}

class StructSchema<T extends object> extends Schema<T> {
  readonly zero: T;
  /** Sorted by key: the order on the wire. */
  private readonly byKey: readonly PlacedField[];
  private readonly omitsSome: boolean;

  constructor(kind: string | undefined, shape: Shape) {
    super();
    const fields = Object.entries(shape);
    this.byKey = fields
      .map(([name, field]) => ({ ...field, name, wireKey: encodeKey(field.key) }))
      .toSorted((a, b) => (a.key < b.key ? -1 : 1));
    this.omitsSome = this.byKey.some(({ omitZero }) => omitZero);
    this.zero = createZero(kind, fields) as T;
  }

  read(reader: MsgpackReader): T {
    // A copy has the hidden class of all results at once; to add one property after another looks each up in all of V8's transitions.
    const object: Record<string, unknown> = { ...(this.zero as Record<string, unknown>) };
    const { byKey } = this;
    const entries = reader.mapLength();
    let expected = 0;
    for (let i = 0; i < entries; i++) {
      let placed = byKey[expected];
      // A peer writes its fields in order, so the next one is nearly always the one that is there.
      if (placed !== undefined && reader.take(placed.wireKey)) expected++;
      else {
        const found = this.findKey(reader);
        placed = byKey[found];
        expected = found + 1;
      }
      if (placed === undefined) reader.skip();
      else object[placed.name] = placed.schema.read(reader);
      if (reader.failure !== undefined) return this.zero;
    }
    return object as T;
  }

  write(writer: MsgpackWriter, value: T): void {
    const values = value as Record<string, unknown>;
    writer.mapHead(this.omitsSome ? this.countWritten(values) : this.byKey.length);
    for (const { name, wireKey, schema, omitZero } of this.byKey) {
      if (omitZero && schema.isZero(values[name])) continue;
      writer.append(wireKey);
      schema.write(writer, values[name]);
    }
  }

  /** Takes the key that is next, whoever wrote it in whatever form. Returns the field's index in `byKey`, or -1 if unknown. */
  private findKey(reader: MsgpackReader): number {
    const { byKey } = this;
    for (let index = 0; index < byKey.length; index++) if (reader.take(byKey[index]!.wireKey)) return index;
    if (!reader.atRaw()) {
      reader.skip();
      return -1;
    }
    // Not in the shortest form: compare the text alone.
    const text = reader.raw();
    return byKey.findIndex(({ wireKey }) => {
      if (wireKey.length !== text.length + 1) return false;
      return text.every((byte, i) => byte === wireKey[i + 1]);
    });
  }

  private countWritten(values: Record<string, unknown>): number {
    let count = 0;
    for (const { name, schema, omitZero } of this.byKey) if (!omitZero || !schema.isZero(values[name])) count++;
    return count;
  }
}

/** In the order of the declaration. */
function createZero(kind: string | undefined, fields: readonly (readonly [string, Field<unknown>])[]): object {
  const zeros = fields.map(([name, { schema }]) => [name, schema.zero] as const);
  return Object.fromEntries(kind === undefined ? zeros : [["kind", kind], ...zeros]);
}

/** The object of the declared fields. */
export function struct<const S extends Readonly<Record<string, Field<unknown>>>>(shape: S): Schema<FieldValues<S>> {
  return new StructSchema<FieldValues<S>>(undefined, shape);
}

/** As `struct`, with a `kind` that is not on the wire (there it is the message type). */
export function message<const K extends string, const S extends Readonly<Record<string, Field<unknown>>>>(
  kind: K,
  shape: S,
): Schema<FieldValues<S> & { readonly kind: K }> {
  return new StructSchema<FieldValues<S> & { readonly kind: K }>(kind, shape);
}

/** Keys are ASCII and shorter than 32, so their head is one byte. */
function encodeKey(key: string): Uint8Array {
  return Uint8Array.of(0xa0 | key.length, ...utf8Encode(key));
}
