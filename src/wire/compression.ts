/** A compressed message: an algorithm (only LZW was ever defined) and the compressed bytes of another message. */

import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { compressLzw, LzwCodes, LzwInflater } from "./lzw.ts";
import { messageTypes } from "./messages.ts";
import { bytes, field, type Schema, struct, u8 } from "./schema.ts";

export interface Compressed {
  readonly algorithm: number;
  readonly bytes: Uint8Array;
}

const lzwAlgorithm = 0;
/** Of whoever inflates in one go. */
const sharedCodes = new LzwCodes();

export const compressedSchema: Schema<Compressed> = struct({
  algorithm: field("Algo", u8),
  bytes: field("Buf", bytes),
});

/** Wraps a message, type byte included; the result may be longer. */
export function compress(message: Uint8Array): Uint8Array {
  return compressedSchema.encode({ algorithm: lzwAlgorithm, bytes: compressLzw(message) }, messageTypes.compress);
}

/**
 * Unwraps a compressed message, its type byte included: the message inside, of at most `bytesMax` bytes. It may be empty,
 * which is no message: whoever decodes it says so.
 */
export function decompress(message: Uint8Array, bytesMax: number): Uint8Array | Rejected {
  const compressed = compressedSchema.decode(message, 1);
  if (isRejected(compressed)) return compressed;
  const inflater = createInflater(compressed, bytesMax, sharedCodes);
  if (isRejected(inflater)) return inflater;
  return inflater.advance(bytesMax + 1) ?? inflater.result();
}

/** For inflating in slices. */
export function createInflater(compressed: Compressed, bytesMax: number, codes?: LzwCodes): LzwInflater | Rejected {
  if (compressed.algorithm !== lzwAlgorithm)
    return rejected("unknown-kind", `compression algorithm ${compressed.algorithm}`);
  return new LzwInflater(compressed.bytes, bytesMax, codes);
}
