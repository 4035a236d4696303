/**
 * What is around the messages of a packet, from the inside out: compound, compression, checksum, encryption, label.
 * Each layer is a room of its own; here is only their order.
 */

import { viewBytes } from "../base/bytes.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/host.ts";
import { isRejected, type Rejected, rejected } from "../base/rejected.ts";
import { addChecksum, checksumOverheadBytes, removeChecksum } from "./checksum.ts";
import { decrypt, type EncryptionVersion, encrypt, encryptionOverheadBytes } from "./cipher.ts";
import { decodeMessage } from "./codecs.ts";
import { encodeCompound, openCompound } from "./compound.ts";
import { compress, decompress } from "./compression.ts";
import { addLabel, type Label, removeLabel } from "./label.ts";
import { packetInflatedBytesMax, packetNestingMax } from "./limits.ts";
import { messageTypes, type PacketMessage } from "./messages.ts";

/** How what leaves is closed. `keys` are the keyring's, primary first; none means plain text. */
export interface Sealing {
  readonly label: Label;
  readonly keys: readonly Uint8Array[];
  readonly encryptionVersion: EncryptionVersion;
  readonly compress: boolean;
  /** Packets of fewer bytes are not compressed; 0 without it. */
  readonly compressedPacketBytesMin?: number;
  readonly random: Random;
}

/** What may come in. With keys, `verifyIncoming` refuses plain text; without keys it has no effect. */
export interface Opening {
  readonly label: Label;
  readonly keys: readonly Uint8Array[];
  readonly verifyIncoming: boolean;
}

/** The most that sealing adds to a packet of one compound, for a sender that fills packets. */
export function sealingOverheadBytes(sealing: Sealing): number {
  const encryption = sealing.keys.length === 0 ? 0 : encryptionOverheadBytes(sealing.encryptionVersion);
  return sealing.label.header.length + encryption + checksumOverheadBytes;
}

/**
 * One packet of one or more encoded messages (type bytes included). `checksum` only for a receiver known to speak protocol
 * 5. Compressed only if that makes it smaller, and not if it is so small that it would hardly be.
 */
export function sealPacket(messages: readonly Uint8Array[], sealing: Sealing, checksum: boolean): Uint8Array {
  assert(messages.length > 0, "a packet without messages");
  let packet = messages.length === 1 ? messages[0]! : encodeCompound(messages);
  if (sealing.compress && packet.length >= (sealing.compressedPacketBytesMin ?? 0)) {
    const compressed = compress(packet);
    if (compressed.length < packet.length) packet = compressed;
  }
  if (checksum) packet = addChecksum(packet);
  const key = sealing.keys[0];
  if (key !== undefined) packet = encrypt(packet, key, sealing.encryptionVersion, sealing.label.name, sealing.random);
  return addLabel(packet, sealing.label);
}

/** As `sealPacket` for one message, which is put into a compound though it is alone: see `PacketVisitor`. */
export function sealLoneCompound(message: Uint8Array, sealing: Sealing, checksum: boolean): Uint8Array {
  return sealPacket([encodeCompound([message])], sealing, checksum);
}

/**
 * `isLoneCompound`: the message was in a compound by itself, as nobody needs to send it. HashiCorp's nodes take it for any other. Ours say so that they
 * tell everybody themselves, and nobody is to pass it on for them.
 */
export type PacketVisitor = (message: PacketMessage, isLoneCompound: boolean) => void;

/**
 * Opens a packet and visits its messages in order. A bad part does not hide the good ones: all of those are visited, and the
 * first thing that was wrong is returned.
 */
export function openPacket(packet: Uint8Array, opening: Opening, visit: PacketVisitor): Rejected | undefined {
  const unlabelled = removeLabel(viewBytes(packet, 0, packet.length), opening.label);
  if (isRejected(unlabelled)) return unlabelled;
  const plain = opening.keys.length === 0 ? unlabelled : openEncrypted(unlabelled, opening);
  if (isRejected(plain)) return plain;
  const checked = removeChecksum(plain);
  if (isRejected(checked)) return checked;
  return new PacketWalk(visit).open(checked, 0);
}

function openEncrypted(packet: Uint8Array, opening: Opening): Uint8Array | Rejected {
  const plain = decrypt(packet, opening.keys, opening.label.name);
  // A packet does not say whether it is encrypted: what no key opens may be meant as it is.
  return isRejected(plain) && !opening.verifyIncoming ? packet : plain;
}

/** One walk through the nested parts of a packet, with what it may still cost. */
class PacketWalk {
  private readonly visit: PacketVisitor;
  /** The packet has had a compound of one so far, and no other. */
  private isLone = false;
  private isSplit = false;
  private inflatableBytes = packetInflatedBytesMax;
  private problem: Rejected | undefined = undefined;

  constructor(visit: PacketVisitor) {
    this.visit = visit;
  }

  open(part: Uint8Array, depth: number): Rejected | undefined {
    const type = part[0];
    if (type === messageTypes.compound || type === messageTypes.compress) {
      if (depth === packetNestingMax) this.note(rejected("too-large", `parts nested more than ${depth} deep`));
      else if (type === messageTypes.compound) this.openCompound(part, depth);
      else this.openCompressed(part, depth);
    } else {
      const message = decodeMessage(part);
      if (isRejected(message)) this.note(message);
      else this.visit(message, this.isLone);
    }
    return this.problem;
  }

  private openCompound(part: Uint8Array, depth: number): void {
    this.isSplit ||= part[1] !== 1;
    this.isLone = !this.isSplit;
    this.note(openCompound(part, (inner) => this.open(inner, depth + 1)));
  }

  private openCompressed(part: Uint8Array, depth: number): void {
    const inner = decompress(part, this.inflatableBytes);
    if (isRejected(inner)) {
      // An attempt that went over the bound has cost all there was: the next part does not get another.
      if (inner.reason === "too-large") this.inflatableBytes = 0;
      this.note(inner);
    } else {
      this.inflatableBytes -= inner.length;
      this.open(inner, depth + 1);
    }
  }

  private note(problem: Rejected | undefined): void {
    this.problem ??= problem;
  }
}
