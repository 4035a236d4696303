/** A cluster's label before each packet and stream, so that clusters that meet by accident do not merge: 244, length, label. */

import { bytesEqual, concatBytes, emptyBytes, utf8Decode, utf8Encode, viewBytes } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { type Rejected, rejected } from "../base/rejected.ts";
import { labelBytesMax } from "./limits.ts";
import { messageTypes } from "./messages.ts";

/** A label ready for use. Empty is none. */
export interface Label {
  /** The label alone: the cipher authenticates it. */
  readonly name: Uint8Array;
  /** What stands before packets and streams. */
  readonly header: Uint8Array;
  /** True if what comes in is taken without a label: something before this node has checked and removed it. */
  readonly skipInboundCheck: boolean;
}

/** Throws INVALID_OPTION for a label of more than 255 bytes. */
export function createLabel(text: string, skipInboundCheck = false): Label {
  const name = utf8Encode(text);
  if (name.length > labelBytesMax)
    throw new SerfError("INVALID_OPTION", `option "label" must be at most ${labelBytesMax} bytes, is ${name.length}`);
  const header = name.length === 0 ? emptyBytes : concatBytes(Uint8Array.of(messageTypes.label, name.length), name);
  return { name, header, skipInboundCheck };
}

export function addLabel(packet: Uint8Array, label: Label): Uint8Array {
  return label.header.length === 0 ? packet : concatBytes(label.header, packet);
}

/** What follows the label, if it is the right one. */
export function removeLabel(packet: Uint8Array, label: Label): Uint8Array | Rejected {
  const length = labelHeaderLength(packet);
  if (typeof length !== "number") return length;
  if (length > packet.length)
    return rejected("truncated", `a label of ${length - 2} bytes in a packet of ${packet.length}`);
  const problem = checkLabel(packet, length, label);
  if (problem !== undefined) return problem;
  return length === 0 ? packet : viewBytes(packet, length, packet.length);
}

/**
 * How long the label header at the start of `bytes` is, 0 if there is none. May be beyond what is there: then these are the
 * bytes to wait for. An empty label is never sent.
 */
export function labelHeaderLength(bytes: Uint8Array): number | Rejected {
  if (bytes[0] !== messageTypes.label) return 0;
  if (bytes.length < 2) return 2;
  return bytes[1] === 0 ? rejected("wrong-label", "a label header without a label") : 2 + bytes[1]!;
}

/** Judges the whole header of `length` bytes at the start of `bytes`. */
export function checkLabel(bytes: Uint8Array, length: number, label: Label): Rejected | undefined {
  const found = length === 0 ? emptyBytes : viewBytes(bytes, 2, length);
  if (label.skipInboundCheck)
    return length === 0 ? undefined : rejected("wrong-label", `label "${utf8Decode(found)}" where none was expected`);
  if (bytesEqual(found, label.name)) return undefined;
  if (length === 0) return rejected("wrong-label", `no label, expected "${utf8Decode(label.name)}"`);
  return rejected("wrong-label", `label "${utf8Decode(found)}", expected "${utf8Decode(label.name)}"`);
}
