/** MessagePack, one token at a time: enough to walk over bytes without decoding them. */

import { type Rejected, rejected } from "../base/rejected.ts";

export interface Token {
  /** "text" is what the old dialect writes for bytes too. */
  readonly kind: "scalar" | "text" | "bytes" | "array" | "map";
  /** From here to the next token, the content of text and bytes included, which may not have arrived yet. */
  readonly bytes: number;
  /** The last so many of these bytes are content. */
  readonly contentBytes: number;
  /** How many values a container holds: two for each entry of a map. */
  readonly values: number;
}

/**
 * Reads the token at `at`; bytes from `end` on are not there yet. `undefined`: its head is incomplete. Extension types are
 * refused: the protocol has none, and what a decoder makes of them should not be a stranger's choice.
 */
export function readToken(bytes: Uint8Array, at: number, end: number): Token | Rejected | undefined {
  if (at >= end) return undefined;
  const first = bytes[at]!;
  if (first <= 0x7f || first >= 0xe0) return scalar(1);
  if (first <= 0x8f) return container("map", 1, first & 0x0f);
  if (first <= 0x9f) return container("array", 1, first & 0x0f);
  if (first <= 0xbf) return content("text", 1, first & 0x1f);
  const lengthBytes = lengthWidths[first - 0xc0]!;
  if (at + 1 + lengthBytes > end) return undefined;
  const length = readLength(bytes, at + 1, lengthBytes);
  const headBytes = 1 + lengthBytes;
  if (first <= 0xc3 && first !== 0xc1) return scalar(1);
  if (first >= 0xc4 && first <= 0xc6) return content("bytes", headBytes, length);
  if (first >= 0xca && first <= 0xd3) return scalar(1 + scalarWidths[first - 0xca]!);
  if (first >= 0xd9 && first <= 0xdb) return content("text", headBytes, length);
  if (first === 0xdc || first === 0xdd) return container("array", headBytes, length);
  if (first === 0xde || first === 0xdf) return container("map", headBytes, length);
  return rejected("unknown-kind", `MessagePack type 0x${first.toString(16)} in an RPC frame`);
}

/** Width in bytes of the length that follows a type, from 0xc0 to 0xdf. */
const lengthWidths = [0, 0, 0, 0, 1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 2, 4, 2, 4];

/** Width in bytes of the value that follows a type, from 0xca (float 32) to 0xd3 (int 64). */
const scalarWidths = [4, 8, 1, 2, 4, 8, 1, 2, 4, 8];

function readLength(bytes: Uint8Array, at: number, width: number): number {
  let length = 0;
  for (let i = 0; i < width; i++) length = length * 256 + bytes[at + i]!;
  return length;
}

function scalar(bytes: number): Token {
  return { kind: "scalar", bytes, contentBytes: 0, values: 0 };
}

function content(kind: "text" | "bytes", headBytes: number, contentBytes: number): Token {
  return { kind, bytes: headBytes + contentBytes, contentBytes, values: 0 };
}

function container(kind: "array" | "map", headBytes: number, count: number): Token {
  return { kind, bytes: headBytes, contentBytes: 0, values: kind === "map" ? 2 * count : count };
}
