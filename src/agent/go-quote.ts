/** Texts in log lines as Go's `%#v` quotes them, which is what Serf's users search for. */

import { escapeUnprintable, hexEscape } from "../base/unprintable.ts";

/** Bytes that are not UTF-8 become \xNN, and what cannot be printed becomes an escape. */
export function goQuote(bytes: Uint8Array): string {
  let quoted = "";
  for (let at = 0; at < bytes.length; ) {
    const character = characterAt(bytes, at);
    if (character === undefined) quoted += hexEscape(bytes[at]!);
    else quoted += quoteCharacter(character);
    at += character === undefined ? 1 : Buffer.byteLength(character);
  }
  return `"${quoted}"`;
}

function quoteCharacter(character: string): string {
  return character === '"' || character === "\\" ? `\\${character}` : escapeUnprintable(character);
}

/** The one character whose UTF-8 starts there, if any does. */
function characterAt(bytes: Uint8Array, at: number): string | undefined {
  const first = bytes[at]!;
  const length = first < 0x80 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
  const text = Buffer.from(bytes.subarray(at, at + length)).toString("utf8");
  const isWhole = Buffer.byteLength(text) === length && Buffer.from(text).equals(bytes.subarray(at, at + length));
  return isWhole && [...text].length === 1 ? text : undefined;
}
