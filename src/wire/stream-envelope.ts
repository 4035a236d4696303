/** What leaves on a stream: a message, compressed if so wished, encrypted as one frame, the label before it. */

import { concatBytes, viewBytes, writeUint32 } from "../base/bytes.ts";
import type { Rejected } from "../base/rejected.ts";
import { decrypt, encrypt, encryptedLength } from "./cipher.ts";
import { compress } from "./compression.ts";
import { addLabel, type Label } from "./label.ts";
import { messageTypes } from "./messages.ts";
import { MsgpackWriter } from "./msgpack-writer.ts";
import type { Sealing } from "./packet-envelope.ts";
import { userMessageHeaderSchema } from "./state-exchange.ts";

/** The type and the length of an encrypted stream message: four bytes, big endian. They are authenticated too. */
export const streamFrameBytes = 5;

/** A user message for a stream, where its length stands before it. Not yet sealed. */
export function encodeStreamUserMessage(payload: Uint8Array): Uint8Array {
  const writer = new MsgpackWriter(32 + payload.length);
  writer.byte(messageTypes.user);
  userMessageHeaderSchema.write(writer, { bytes: payload.length });
  writer.append(payload);
  return writer.finish();
}

/** All that one side writes: `message` is encoded, its type byte included. Streams are compressed whether or not it helps. */
export function sealStreamMessage(message: Uint8Array, sealing: Sealing): Uint8Array {
  const body = sealing.compress ? compress(message) : message;
  const key = sealing.keys[0];
  if (key === undefined) return addLabel(body, sealing.label);
  const { encryptionVersion, random, label } = sealing;
  const frame = new Uint8Array(streamFrameBytes);
  frame[0] = messageTypes.encrypt;
  writeUint32(frame, 1, encryptedLength(body.length, encryptionVersion));
  const sealed = encrypt(body, key, encryptionVersion, concatBytes(frame, label.name), random);
  return concatBytes(label.header, frame, sealed);
}

/** Opens one whole frame, head included; gives the message inside. */
export function openStreamFrame(frame: Uint8Array, keys: readonly Uint8Array[], label: Label): Uint8Array | Rejected {
  const associated = concatBytes(viewBytes(frame, 0, streamFrameBytes), label.name);
  return decrypt(viewBytes(frame, streamFrameBytes, frame.length), keys, associated);
}
