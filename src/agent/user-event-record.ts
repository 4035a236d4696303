import { Buffer } from "node:buffer";
import { utf8Length } from "../base/bytes.ts";
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
  const nameBytes = utf8Length(name);
  const texts = start.length + beforeName.length + nameBytes + beforePayload.length + payload.length;
  const record = Buffer.allocUnsafe(texts + timeBytesMax + 2 * lengthBytesMax);
  record.set(start, 0);
  let at = writeUint(record, start.length, lamportTime);
  record.set(beforeName, at);
  at = writeLength(record, at + beforeName.length, nameBytes, 0xd9);
  at = writeText(record, at, name, nameBytes);
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

/** Names are short and ASCII as a rule: then to call what writes text takes longer than to write it. */
function writeText(target: Buffer, at: number, text: string, bytes: number): number {
  if (bytes !== text.length || bytes > 64) return at + target.write(text, at);
  for (let i = 0; i < bytes; i++) target[at + i] = text.charCodeAt(i);
  return at + bytes;
}

function writeUint(target: Buffer, at: number, value: number): number {
  if (value < 0x80) return writeByte(target, at, value);
  if (value <= 0xff) return writeByte(target, writeByte(target, at, 0xcc), value);
  if (value <= 0xffff) return target.writeUInt16BE(value, writeByte(target, at, 0xcd));
  if (value <= 0xffff_ffff) return target.writeUInt32BE(value, writeByte(target, at, 0xce));
  return target.writeBigUInt64BE(BigInt(value), writeByte(target, at, 0xcf));
}

/** `kind` is the first byte of what takes a byte for its length; the next two kinds take two and four. Short texts have a kind of their own. */
function writeLength(target: Buffer, at: number, length: number, kind: 0xc4 | 0xd9): number {
  if (kind === 0xd9 && length < 32) return writeByte(target, at, 0xa0 | length);
  if (length <= 0xff) return writeByte(target, writeByte(target, at, kind), length);
  if (length <= 0xffff) return target.writeUInt16BE(length, writeByte(target, at, kind + 1));
  return target.writeUInt32BE(length, writeByte(target, at, kind + 2));
}

function writeByte(target: Buffer, at: number, byte: number): number {
  target[at] = byte;
  return at + 1;
}
