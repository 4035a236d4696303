import type { Endpoint } from "../base/address.ts";
import type { Broadcast } from "./broadcast-queue.ts";
import type { Foundations } from "./foundations.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Member } from "./member.ts";
import type { PacketSender } from "./packet-sender.ts";

export interface DisseminationSurroundings extends Foundations {
  readonly packets: PacketSender;
}

/**
 * What leaves before the gossiper's next round, and to whom. A policy is told of each broadcast as it is queued, and of the message
 * that was being handled then; it sends when the protocol's turn is over, by timers of its own. What it does not send stays in the queue,
 * for the gossiper and for the packets of pings.
 */
export interface DisseminationPolicy {
  /**
   * A broadcast was queued, as it goes on the wire or, with `isUser`, as the layer above made it. Returns how many transmissions to
   * count for what the policy sends beside the queue.
   */
  queued(broadcast: Broadcast, isUser: boolean): number;
  /** Who sent this packet tells everybody what is in it, and counts on nobody to pass it on. The object is the one that `receiving` will be given. */
  noteToldToAll(from: Endpoint): void;
  /** The message, which came in a packet from there, is handled now; what is queued until `received` is what it led to. */
  receiving(from: Endpoint, message: InboxMessage): void;
  received(): void;
  /** Up to `count` members for the gossiper to tell now. */
  choosePeers(count: number): readonly Member[];
  /** Copies for random members wait, because many on this host have yet to be told. */
  readonly isHoldingBack: boolean;
  stop(): void;
}
