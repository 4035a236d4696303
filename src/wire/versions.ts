/**
 * Protocol versions: what a node says of itself, what may live in one cluster, and what a peer of a version understands.
 * Two protocols stand on each other: memberlist's (`protocol…`) and that of the layer above (`delegate…`; Serf's).
 */

import { type Rejected, rejected } from "../base/rejected.ts";
import type { NodeState, VersionVector } from "./messages.ts";
import type { MsgpackReader } from "./msgpack-reader.ts";
import type { MsgpackWriter } from "./msgpack-writer.ts";
import { Schema } from "./schema.ts";

export const protocolVersionMin = 1;
export const protocolVersionMax = 5;
/** What memberlists speak outward unless told otherwise: newer features are used when the other side's maximum has them. */
export const protocolVersionDefault = 2;

/** What a node tells of itself: [1, 5, current] and the versions of the layer above. */
export function createVersionVector(
  protocolCurrent: number,
  delegate: { readonly min: number; readonly max: number; readonly current: number },
): VersionVector {
  return {
    protocolMin: protocolVersionMin,
    protocolMax: protocolVersionMax,
    protocolCurrent,
    delegateMin: delegate.min,
    delegateMax: delegate.max,
    delegateCurrent: delegate.current,
  };
}

/** From protocol 3 a node answers pings on a stream. */
export function understandsStreamPing(versions: VersionVector): boolean {
  return versions.protocolMax >= 3;
}

/** From protocol 4 a node sends nacks for indirect pings that asked for one. */
export function understandsNack(versions: VersionVector): boolean {
  return versions.protocolMax >= 4;
}

/** From protocol 5 a node checks the CRC of a packet. */
export function understandsChecksum(versions: VersionVector): boolean {
  return versions.protocolMax >= 5;
}

/** From Serf 5 a node relays query responses. */
export function understandsRelay(versions: VersionVector): boolean {
  return versions.delegateMax >= 5;
}

/** Protocol 1 encrypts with padding (encryption version 0), all later ones without (1). */
export function encryptionVersionOf(protocolCurrent: number): 0 | 1 {
  return protocolCurrent <= 1 ? 0 : 1;
}

/** True if the vector can be meant: a range that is empty or starts at 0 is a broken or hostile node's. */
export function isPlausible(versions: VersionVector): boolean {
  return versions.protocolMin > 0 && versions.protocolMax > 0 && versions.protocolMin <= versions.protocolMax;
}

/**
 * Whether nodes can talk to each other, for both protocols: the live ones decide which versions all understand, and the current version of every
 * node, live or not, must be one of them. As in the reference a node that tells no versions does not narrow the range and counts as speaking version 0.
 */
export class VersionRange {
  private protocolMin = 0;
  private protocolMax = 255;
  private delegateMin = 0;
  private delegateMax = 255;

  /** To be called for every node before `exclude` is asked. */
  narrow(state: NodeState, versions: VersionVector | undefined): void {
    if (state !== "alive" || versions === undefined) return;
    this.protocolMin = Math.max(this.protocolMin, versions.protocolMin);
    this.protocolMax = Math.min(this.protocolMax, versions.protocolMax);
    this.delegateMin = Math.max(this.delegateMin, versions.delegateMin);
    this.delegateMax = Math.min(this.delegateMax, versions.delegateMax);
  }

  /** Says why a node cannot be among the others, if so. */
  exclude(name: string, versions: VersionVector = unknownVersions): Rejected | undefined {
    const { protocolCurrent, delegateCurrent } = versions;
    const { protocolMin, protocolMax, delegateMin, delegateMax } = this;
    if (protocolCurrent < protocolMin || protocolCurrent > protocolMax)
      return rejected(
        "version",
        `Node '${name}' protocol version (${protocolCurrent}) is incompatible: [${protocolMin}, ${protocolMax}]`,
      );
    if (delegateCurrent < delegateMin || delegateCurrent > delegateMax)
      return rejected(
        "version",
        `Node '${name}' delegate protocol version (${delegateCurrent}) is incompatible: [${delegateMin}, ${delegateMax}]`,
      );
    return undefined;
  }
}

/** What is taken of a node of protocol 1, which never tells its versions. */
export const unknownVersions: VersionVector = Object.freeze({
  protocolMin: 0,
  protocolMax: 0,
  protocolCurrent: 0,
  delegateMin: 0,
  delegateMax: 0,
  delegateCurrent: 0,
});

export function sameVersions(a: VersionVector, b: VersionVector): boolean {
  return (
    a === b ||
    (a.protocolMin === b.protocolMin &&
      a.protocolMax === b.protocolMax &&
      a.protocolCurrent === b.protocolCurrent &&
      a.delegateMin === b.delegateMin &&
      a.delegateMax === b.delegateMax &&
      a.delegateCurrent === b.delegateCurrent)
  );
}

const versionVectorBytes = 6;

/** Fewer bytes are as good as none; more are of a future that keeps the first six. */
class VersionVectorSchema extends Schema<VersionVector | undefined> {
  readonly zero = undefined;
  /** Nearly all nodes of a cluster send the same six bytes: one object then serves them all. */
  private latest: VersionVector = unknownVersions;

  read(reader: MsgpackReader): VersionVector | undefined {
    const length = reader.takeRaw();
    if (length < versionVectorBytes) return undefined;
    const { bytes } = reader;
    const start = reader.position - length;
    const { latest } = this;
    const isLatest =
      latest.protocolMin === bytes[start] &&
      latest.protocolMax === bytes[start + 1] &&
      latest.protocolCurrent === bytes[start + 2] &&
      latest.delegateMin === bytes[start + 3] &&
      latest.delegateMax === bytes[start + 4] &&
      latest.delegateCurrent === bytes[start + 5];
    if (!isLatest) this.latest = decodeVersions(bytes, start);
    return this.latest;
  }

  write(writer: MsgpackWriter, value: VersionVector | undefined): void {
    if (value === undefined) writer.nil();
    else writer.raw(encodeVersions(value));
  }
}

export const versionVector: Schema<VersionVector | undefined> = new VersionVectorSchema();

function encodeVersions(versions: VersionVector): Uint8Array {
  const { protocolMin, protocolMax, protocolCurrent, delegateMin, delegateMax, delegateCurrent } = versions;
  return Uint8Array.of(protocolMin, protocolMax, protocolCurrent, delegateMin, delegateMax, delegateCurrent);
}

function decodeVersions(bytes: Uint8Array, start: number): VersionVector {
  return Object.freeze({
    protocolMin: bytes[start]!,
    protocolMax: bytes[start + 1]!,
    protocolCurrent: bytes[start + 2]!,
    delegateMin: bytes[start + 3]!,
    delegateMax: bytes[start + 4]!,
    delegateCurrent: bytes[start + 5]!,
  });
}
