/** Texts in log lines as Go's `%#v` quotes them, which is what Serf's users search for. */

import { Buffer, isUtf8 } from "node:buffer";
import { escapeUnprintable, hexEscape } from "../base/unprintable.ts";

/** Bytes that are not UTF-8 become \xNN, and what cannot be printed becomes an escape. */
export function goQuote(bytes: Uint8Array): string {
  return `"${isUtf8(bytes) ? quoteUtf8(bytes) : quoteAny(bytes)}"`;
}

function quoteUtf8(bytes: Uint8Array): string {
  if (bytes.length === 0) return "";
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString("utf8");
  return escapeUnprintable(text.replace(/["\\]/g, "\\$&"));
}

/** Character by character. */
function quoteAny(bytes: Uint8Array): string {
  let quoted = "";
  let runStart = 0;
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes, at);
    if (length === 0) {
      quoted += quoteUtf8(bytes.subarray(runStart, at)) + hexEscape(bytes[at]!);
      runStart = at + 1;
    }
    at += Math.max(1, length);
  }
  return quoted + quoteUtf8(bytes.subarray(runStart));
}

/** Of the one character whose UTF-8 starts there; 0 if none does. */
function characterLength(bytes: Uint8Array, at: number): number {
  const first = bytes[at]!;
  if (first < 0x80) return 1;
  const length = first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const character = bytes.subarray(at, at + length);
  return character.length === length && isUtf8(character) ? length : 0;
}
