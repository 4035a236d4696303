/** A CRC-32 (IEEE) before the rest of a packet, for receivers of protocol 5. */

import { readUint32, viewBytes, writeUint32 } from "../base/bytes.ts";
import { type Rejected, rejected } from "../base/rejected.ts";
import { messageTypes } from "./messages.ts";

/** The type and four bytes, big endian. */
export const checksumOverheadBytes = 5;

/** Signed: such numbers V8 keeps without allocating any, and there is one for each byte of each packet. */
const table = Int32Array.from({ length: 256 }, (_, byte) => {
  let remainder = byte;
  for (let bit = 0; bit < 8; bit++) remainder = remainder & 1 ? (remainder >>> 1) ^ 0xedb8_8320 : remainder >>> 1;
  return remainder;
});

export function crc32(bytes: Uint8Array, start = 0): number {
  let remainder = -1;
  for (let i = start; i < bytes.length; i++) remainder = table[(remainder ^ bytes[i]!) & 0xff]! ^ (remainder >>> 8);
  return ~remainder >>> 0;
}

export function addChecksum(packet: Uint8Array): Uint8Array {
  const checked = new Uint8Array(checksumOverheadBytes + packet.length);
  checked[0] = messageTypes.crc;
  writeUint32(checked, 1, crc32(packet));
  checked.set(packet, checksumOverheadBytes);
  return checked;
}

/** What the checksum was over, if the packet has one; else the packet itself. */
export function removeChecksum(packet: Uint8Array): Uint8Array | Rejected {
  if (packet[0] !== messageTypes.crc) return packet;
  if (packet.length < checksumOverheadBytes) return rejected("truncated", `a checksum in ${packet.length} bytes`);
  const expected = readUint32(packet, 1);
  const actual = crc32(packet, checksumOverheadBytes);
  if (actual !== expected)
    return rejected("bad-checksum", `the packet's CRC is ${actual.toString(16)}, it says ${expected.toString(16)}`);
  return viewBytes(packet, checksumOverheadBytes, packet.length);
}
