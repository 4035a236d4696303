/** Values as Go's `%#v` prints what its MessagePack decoder made of them: what `serf monitor` shows of an event. */

import { goQuote } from "../agent/go-quote.ts";

export type GoValue = boolean | number | string | Uint8Array | readonly GoValue[] | { readonly [key: string]: GoValue };

export function goSyntax(value: GoValue, nested = false): string {
  switch (typeof value) {
    case "boolean":
      return String(value);
    case "number":
      // Small integers arrive as int64, which prints in decimal; larger ones as uint64, which does not.
      return value <= 127 ? String(value) : `0x${value.toString(16)}`;
    case "string":
      return quote(value);
    default:
      return goContainer(value, nested);
  }
}

function goContainer(value: Exclude<GoValue, boolean | number | string>, nested: boolean): string {
  if (value instanceof Uint8Array) {
    if (value.length === 0 && !nested) return "<nil>";
    const bytes = [...value].map((byte) => `0x${byte.toString(16)}`);
    return `${nested ? "[]uint8" : "[]byte"}{${bytes.join(", ")}}`;
  }
  if (isList(value)) return `[]interface {}{${value.map((entry) => goSyntax(entry, true)).join(", ")}}`;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return `map[interface {}]interface {}{${entries.map(([key, entry]) => `${quote(key)}:${goSyntax(entry, true)}`).join(", ")}}`;
}

function isList(value: GoValue): value is readonly GoValue[] {
  return Array.isArray(value);
}

function quote(text: string): string {
  return goQuote(new TextEncoder().encode(text));
}
