import { expect, test } from "vitest";
import { goQuote } from "./go-quote.ts";

test.each<[bytes: Uint8Array | string, quoted: string]>([
  ["", '""'],
  ["hello", '"hello"'],
  ['say "hi" \\', '"say \\"hi\\" \\\\"'],
  ["a\nb\tc\0", '"a\\nb\\tc\\x00"'],
  ["grün 日本 🙂", '"grün 日本 🙂"'],
  ["\u00a0\u200b\u{e0001}\x7f", '"\\u00a0\\u200b\\U000e0001\\x7f"'],
  [Uint8Array.of(0x61, 0xff, 0xc3, 0x62, 0xf0, 0x9f), '"a\\xff\\xc3b\\xf0\\x9f"'],
  // An overlong encoding and half of a surrogate pair are no UTF-8.
  [Uint8Array.of(0xc0, 0x80, 0xed, 0xa0, 0x80), '"\\xc0\\x80\\xed\\xa0\\x80"'],
])("quotes %j as Go does", (bytes, quoted) => {
  expect(goQuote(typeof bytes === "string" ? Buffer.from(bytes) : bytes)).toBe(quoted);
});
