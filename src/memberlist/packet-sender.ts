import type { Endpoint } from "../base/address.ts";
import { encodeMessage } from "../wire/codecs.ts";
import { compoundPartOverheadBytes } from "../wire/compound.ts";
import { compoundPartsMax } from "../wire/limits.ts";
import type { VersionVector } from "../wire/messages.ts";
import { sealLoneCompound, sealPacket } from "../wire/packet-envelope.ts";
import { understandsChecksum } from "../wire/versions.ts";
import type { Descriptor } from "./directory.ts";
import type { Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";

const userTypeBytes = 1;

/** Puts messages into packets, and lets pending broadcasts travel in whatever room is left. */
export class PacketSender {
  private readonly around: Foundations;

  constructor(around: Foundations) {
    this.around = around;
  }

  /** The longest broadcast of the layer above that fits a packet, alone. */
  get broadcastBytesMax(): number {
    return this.around.envelopes.messageBytesMax() - compoundPartOverheadBytes - userTypeBytes;
  }

  /**
   * A packet with just these messages. `name` is the receiver's, empty where it is not known. `versions` are the
   * receiver's where they are known for certain: with them goes a checksum, if the receiver understands it.
   */
  send(to: Endpoint, name: string, messages: readonly Uint8Array[], versions?: VersionVector): void {
    const { options, envelopes, logger, metrics, transport } = this.around;
    if (name === "" && options.requireNodeNames) {
      logger.log("ERR", "memberlist: node names are required by configuration but one was not provided");
      return;
    }
    const checksum = versions !== undefined && understandsChecksum(versions);
    // Short messages can be more than one compound can count.
    for (let start = 0; start < messages.length; start += compoundPartsMax) {
      const part = messages.slice(start, start + compoundPartsMax);
      const packet = sealPacket(part, envelopes.sealing(), checksum);
      metrics.increment("memberlist.udp.sent", packet.length);
      transport.sendPacket({ address: to.address, port: to.port }, packet);
    }
  }

  /** One packet with this message and as many broadcasts as fit behind it. */
  sendFilled(to: Endpoint, name: string, message: Uint8Array): void {
    const bytesMax = this.around.envelopes.messageBytesMax() - message.length - compoundPartOverheadBytes;
    this.send(to, name, [message, ...this.takeBroadcasts(bytesMax)]);
  }

  /**
   * One packet full of broadcasts. False if none are pending, and nothing was sent. With `shared` half of it is for what the layer above has to tell:
   * for as long as a thousand joins are told, a user event would wait for them all.
   */
  sendBroadcasts(to: Member, shared = false): boolean {
    const bytesMax = this.around.envelopes.messageBytesMax();
    const messages = shared ? this.takeShared(bytesMax) : this.takeBroadcasts(bytesMax);
    if (messages.length === 0) return false;
    this.send(to, to.name, messages, to.versions);
    return true;
  }

  /** How many of these messages, from the first on, one packet can take. At least one. */
  countFitting(messages: readonly Uint8Array[]): number {
    let bytesLeft = this.around.envelopes.messageBytesMax();
    let count = 0;
    for (const message of messages) {
      bytesLeft -= message.length + compoundPartOverheadBytes;
      if (count > 0 && (bytesLeft < 0 || count === compoundPartsMax)) break;
      count += 1;
    }
    return count;
  }

  /**
   * One packet with these messages, which must fit it, to each of the members. It is sealed once. With `isForNobodyElse` a single message says that its
   * receivers need not pass it on.
   */
  sendToAll(members: readonly Descriptor[], messages: readonly Uint8Array[], isForNobodyElse = false): void {
    const { envelopes, metrics, transport } = this.around;
    const sealed = new Map<boolean, Uint8Array>();
    for (const { address, port, versions } of members) {
      const checksum = understandsChecksum(versions);
      const packet =
        sealed.get(checksum) ??
        (isForNobodyElse
          ? sealLoneCompound(messages[0]!, envelopes.sealing(), checksum)
          : sealPacket(messages, envelopes.sealing(), checksum));
      sealed.set(checksum, packet);
      metrics.increment("memberlist.udp.sent", packet.length);
      transport.sendPacket({ address, port }, packet);
    }
  }

  private takeShared(bytesMax: number): Uint8Array[] {
    const { broadcasts } = this.around;
    const messages: Uint8Array[] = [];
    this.addUserData(messages, broadcasts.length === 0 ? bytesMax : bytesMax >> 1);
    messages.push(...broadcasts.take(compoundPartOverheadBytes, bytesMax - lengthOf(messages)));
    return messages;
  }

  /** News of members first; what the layer above has to tell fills the rest. */
  private takeBroadcasts(bytesMax: number): Uint8Array[] {
    const messages = this.around.broadcasts.take(compoundPartOverheadBytes, bytesMax);
    this.addUserData(messages, bytesMax - lengthOf(messages));
    return messages;
  }

  private addUserData(messages: Uint8Array[], bytesMax: number): void {
    const { userData } = this.around.delegates;
    if (userData === undefined || bytesMax <= compoundPartOverheadBytes + userTypeBytes) return;
    for (const payload of userData.takeBroadcasts(compoundPartOverheadBytes + userTypeBytes, bytesMax)) {
      messages.push(encodeMessage({ kind: "user", payload }));
    }
  }
}

/** In a packet with others. */
function lengthOf(messages: readonly Uint8Array[]): number {
  let bytes = 0;
  for (const message of messages) bytes += message.length + compoundPartOverheadBytes;
  return bytes;
}
