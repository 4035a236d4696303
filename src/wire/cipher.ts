/**
 * AES-GCM with 16, 24 or 32 byte keys: version, nonce, ciphertext, tag. Version 0 pads the plain text to the cipher's block
 * (PKCS #7), which GCM never needed; version 1 does not.
 */

import { type CipherGCMTypes, createCipheriv, createDecipheriv } from "node:crypto";
import { emptyBytes, viewBytes } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/host.ts";
import { type Rejected, rejected } from "../base/rejected.ts";

export type EncryptionVersion = 0 | 1;

const versionBytes = 1;
const nonceBytes = 12;
const tagBytes = 16;
const blockBytes = 16;
const plainStart = versionBytes + nonceBytes;

/** AES-128, AES-192 and AES-256. */
export function isKeyLength(bytes: number): boolean {
  return bytes === 16 || bytes === 24 || bytes === 32;
}

/** The most that encrypting adds to a message: what a sender subtracts from its packet size. */
export function encryptionOverheadBytes(version: EncryptionVersion): number {
  return plainStart + tagBytes + (version === 0 ? blockBytes : 0);
}

/** Exactly how long `plainBytes` become. */
export function encryptedLength(plainBytes: number, version: EncryptionVersion): number {
  const padding = version === 0 ? blockBytes - (plainBytes % blockBytes) : 0;
  return plainStart + plainBytes + padding + tagBytes;
}

/** `associated` is not sent but must be the same when the message is opened. */
export function encrypt(
  plain: Uint8Array,
  key: Uint8Array,
  version: EncryptionVersion,
  associated: Uint8Array,
  random: Random,
): Uint8Array {
  const sealed = new Uint8Array(encryptedLength(plain.length, version));
  sealed[0] = version;
  const nonce = random.fill(sealed.subarray(versionBytes, plainStart));
  const cipher = createCipheriv(algorithmOf(key), key, nonce, { authTagLength: tagBytes });
  if (associated.length > 0) cipher.setAAD(associated);
  const tagStart = sealed.length - tagBytes;
  sealed.set(cipher.update(version === 0 ? pad(plain) : plain), plainStart);
  cipher.final();
  sealed.set(cipher.getAuthTag(), tagStart);
  return sealed;
}

/** Tries each key in turn. The result shares no memory with `sealed`. */
export function decrypt(
  sealed: Uint8Array,
  keys: readonly Uint8Array[],
  associated: Uint8Array,
): Uint8Array | Rejected {
  const version = sealed[0];
  if (version === undefined) return rejected("truncated", "nothing to decrypt");
  if (version > 1) return rejected("not-encrypted", `encryption version ${version}`);
  if (sealed.length < encryptedLength(0, version as EncryptionVersion))
    return rejected("truncated", `${sealed.length} bytes are too few to be encrypted`);
  for (const key of keys) {
    const plain = decryptWith(sealed, key, associated);
    if (plain !== undefined) return version === 0 ? unpad(plain) : plain;
  }
  return rejected("undecryptable", `none of ${keys.length} keys opens it`);
}

function decryptWith(sealed: Uint8Array, key: Uint8Array, associated: Uint8Array): Uint8Array | undefined {
  const tagStart = sealed.length - tagBytes;
  const nonce = viewBytes(sealed, versionBytes, plainStart);
  const decipher = createDecipheriv(algorithmOf(key), key, nonce, { authTagLength: tagBytes });
  decipher.setAuthTag(viewBytes(sealed, tagStart, sealed.length));
  if (associated.length > 0) decipher.setAAD(associated);
  const plain = decipher.update(viewBytes(sealed, plainStart, tagStart));
  try {
    decipher.final();
  } catch {
    // The only way this interface says that the tag does not fit.
    return undefined;
  }
  return viewBytes(plain, 0, plain.length);
}

function pad(plain: Uint8Array): Uint8Array {
  const padding = blockBytes - (plain.length % blockBytes);
  const padded = new Uint8Array(plain.length + padding).fill(padding);
  padded.set(plain);
  return padded;
}

function unpad(padded: Uint8Array): Uint8Array | Rejected {
  const padding = padded.at(-1) ?? 0;
  if (padding < 1 || padding > blockBytes || padding > padded.length)
    return rejected("malformed", `padding of ${padding} bytes in ${padded.length}`);
  return padding === padded.length ? emptyBytes : viewBytes(padded, 0, padded.length - padding);
}

function algorithmOf(key: Uint8Array): CipherGCMTypes {
  assert(isKeyLength(key.length), `a key of ${key.length} bytes`);
  return key.length === 16 ? "aes-128-gcm" : key.length === 24 ? "aes-192-gcm" : "aes-256-gcm";
}
