/** Several messages in one packet: a count, all their lengths, then the messages. */

import { readUint16, viewBytes, writeUint16 } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import { type Rejected, rejected } from "../base/rejected.ts";
import { compoundPartBytesMax, compoundPartsMax } from "./limits.ts";
import { messageTypes } from "./messages.ts";

/** What a compound costs besides its parts: the type and the count. */
export const compoundOverheadBytes = 2;
/** What each part costs besides its own bytes. */
export const compoundPartOverheadBytes = 2;

/** At most 255 parts of at most 65,535 bytes each. */
export function encodeCompound(parts: readonly Uint8Array[]): Uint8Array {
  assert(parts.length <= compoundPartsMax, `a compound of ${parts.length} parts`);
  let offset = compoundOverheadBytes + compoundPartOverheadBytes * parts.length;
  const compound = new Uint8Array(parts.reduce((bytes, part) => bytes + part.length, offset));
  compound[0] = messageTypes.compound;
  compound[1] = parts.length;
  for (const [index, part] of parts.entries()) {
    assert(part.length <= compoundPartBytesMax, `a compound part of ${part.length} bytes`);
    writeUint16(compound, compoundOverheadBytes + compoundPartOverheadBytes * index, part.length);
    compound.set(part, offset);
    offset += part.length;
  }
  return compound;
}

/**
 * Visits each part, as a view of `compound` (type byte included). A compound that is cut off still gives the parts that are
 * whole, as in the reference; the loss is returned.
 */
export function openCompound(compound: Uint8Array, visit: (part: Uint8Array) => void): Rejected | undefined {
  if (compound.length < compoundOverheadBytes) return rejected("truncated", "a compound without a count");
  const count = compound[1]!;
  let offset = compoundOverheadBytes + compoundPartOverheadBytes * count;
  if (compound.length < offset)
    return rejected(
      "truncated",
      `a compound of ${count} parts whose lengths alone exceed its ${compound.length} bytes`,
    );
  for (let index = 0; index < count; index++) {
    const length = readUint16(compound, compoundOverheadBytes + compoundPartOverheadBytes * index);
    if (offset + length > compound.length)
      return rejected("truncated", `a compound with ${count - index} of ${count} parts cut off`);
    visit(viewBytes(compound, offset, offset + length));
    offset += length;
  }
  return undefined;
}
