const shortEscapes: Readonly<Record<string, string>> = {
  "\x07": "\\a",
  "\b": "\\b",
  "\f": "\\f",
  "\n": "\\n",
  "\r": "\\r",
  "\t": "\\t",
  "\v": "\\v",
};

/**
 * The text with everything that cannot be printed as Go's `%q` escapes it. A peer chooses the names that end up in our log; with a line
 * feed in them it could otherwise write log lines of its own, and with other control characters play with the operator's terminal.
 */
export function escapeUnprintable(text: string): string {
  if (isPrintableAscii(text)) return text;
  return text.replace(/[^ \p{L}\p{M}\p{N}\p{P}\p{S}]/gu, escapeCharacter);
}

/** Nearly every line is; the expression above knows all of Unicode, and is in no cache when a single line is logged. */
function isPrintableAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x20 || unit > 0x7e) return false;
  }
  return true;
}

/** "\xNN" below 128, where Go writes bytes. */
export function hexEscape(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}

function escapeCharacter(character: string): string {
  const short = shortEscapes[character];
  if (short !== undefined) return short;
  const code = character.codePointAt(0)!;
  if (code < 0x80) return hexEscape(code);
  return code > 0xffff ? `\\U${code.toString(16).padStart(8, "0")}` : `\\u${code.toString(16).padStart(4, "0")}`;
}
