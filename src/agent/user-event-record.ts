import { Buffer } from "node:buffer";
import type { UserEvent } from "../serf/events.ts";

const beforeTime = [false, true].map((coalesce) =>
  Buffer.from(`\x85\xa8Coalesce${coalesce ? "\xc3" : "\xc2"}\xa5Event\xa4user\xa5LTime`, "latin1"),
);
const beforeName = Buffer.from("\xa4Name", "latin1");
const beforePayload = Buffer.from("\xa7Payload", "latin1");
const lengthBytesMax = 5;
const timeBytesMax = 9;

/**
 * A user event's record, ready to be sent: every stream is told of every event, at every agent while others wait for the same processor, and what
 * encodes anything takes several times as long. The keys are in the reference's order.
 */
export function encodeUserEvent({ coalesce, lamportTime, name, payload }: UserEvent): Uint8Array {
  const start = beforeTime[coalesce ? 1 : 0]!;
  const nameBytes = Buffer.byteLength(name);
  const texts = start.length + beforeName.length + nameBytes + beforePayload.length + payload.length;
  const record = Buffer.allocUnsafe(texts + timeBytesMax + 2 * lengthBytesMax);
  record.set(start, 0);
  let at = writeUint(record, start.length, lamportTime);
  record.set(beforeName, at);
  at = writeLength(record, at + beforeName.length, nameBytes, 0xd9);
  at += record.write(name, at);
  record.set(beforePayload, at);
  at += beforePayload.length;
  if (payload.length === 0) {
    record[at++] = nil;
  } else {
    at = writeLength(record, at, payload.length, 0xc4);
    record.set(payload, at);
    at += payload.length;
  }
  return record.subarray(0, at);
}

/** What the reference sends in the place of no payload. */
const nil = 0xc0;

function writeUint(target: Buffer, at: number, value: number): number {
  if (value < 0x80) return target.writeUInt8(value, at);
  if (value <= 0xff) return target.writeUInt8(value, target.writeUInt8(0xcc, at));
  if (value <= 0xffff) return target.writeUInt16BE(value, target.writeUInt8(0xcd, at));
  if (value <= 0xffff_ffff) return target.writeUInt32BE(value, target.writeUInt8(0xce, at));
  return target.writeBigUInt64BE(BigInt(value), target.writeUInt8(0xcf, at));
}

/** `kind` is the first byte of what takes a byte for its length; the next two kinds take two and four. Short texts have a kind of their own. */
function writeLength(target: Buffer, at: number, length: number, kind: 0xc4 | 0xd9): number {
  if (kind === 0xd9 && length < 32) return target.writeUInt8(0xa0 | length, at);
  if (length <= 0xff) return target.writeUInt8(length, target.writeUInt8(kind, at));
  if (length <= 0xffff) return target.writeUInt16BE(length, target.writeUInt8(kind + 1, at));
  return target.writeUInt32BE(length, target.writeUInt8(kind + 2, at));
}
