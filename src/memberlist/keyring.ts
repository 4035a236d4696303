import { bytesEqual } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { isKeyLength } from "../wire/cipher.ts";

/** Why a key cannot be used. */
export const keyIsUnknown = "requested key is not in the keyring";

/** Throws INVALID_KEY unless `key` has the size of an AES key. */
export function validateKey(key: Uint8Array): void {
  if (!isKeyLength(key.length)) throw new SerfError("INVALID_KEY", "key size must be 16, 24 or 32 bytes");
}

/**
 * The keys of a cluster. The primary one encrypts; all are tried, the primary first, on what arrives. So a cluster changes
 * its key without a break: install the new one everywhere, then use it everywhere, then remove the old one.
 *
 * Error texts are memberlist's, since they travel to operators through other nodes' answers.
 */
export class Keyring {
  /** Never changed, only replaced: whoever opens a packet keeps trying the keys it began with. */
  private current: readonly Uint8Array[] = [];

  /** `keys` has at least one; the first is the primary. Duplicates are dropped. Throws INVALID_KEY. */
  constructor(keys: readonly Uint8Array[]) {
    if (keys.length === 0) throw new SerfError("INVALID_KEY", "empty primary key not allowed");
    for (const key of keys) this.add(key);
  }

  /** All keys, primary first. The array and its keys never change. */
  keys(): readonly Uint8Array[] {
    return this.current;
  }

  get primary(): Uint8Array {
    return this.current[0]!;
  }

  /** Makes a key known, behind those that are. Does nothing if it is among them. Throws INVALID_KEY for a wrong size. */
  add(key: Uint8Array): void {
    validateKey(key);
    if (this.find(key) === undefined) this.install([...this.current, key.slice()]);
  }

  /** Makes a known key the primary one. Throws INVALID_KEY for one that is not known. */
  use(key: Uint8Array): void {
    const known = this.find(key);
    if (known === undefined) throw new SerfError("INVALID_KEY", keyIsUnknown);
    this.install([known, ...this.current.filter((other) => other !== known)]);
  }

  /** Forgets a key. Does nothing if it is not known. Throws INVALID_KEY for the primary one. */
  remove(key: Uint8Array): void {
    const known = this.find(key);
    if (known === undefined) return;
    if (known === this.primary) throw new SerfError("INVALID_KEY", "removing the primary key is not allowed");
    this.install(this.current.filter((other) => other !== known));
  }

  private find(key: Uint8Array): Uint8Array | undefined {
    return this.current.find((other) => bytesEqual(other, key));
  }

  private install(keys: readonly Uint8Array[]): void {
    this.current = Object.freeze(keys);
  }
}
