/**
 * How a layer above takes part in membership. Every method is called synchronously from within the protocol and must not
 * call back into a state-changing method of the memberlist, unless its documentation says so.
 */

import type { QueuedListener } from "./broadcast-queue.ts";
import type { Member } from "./member.ts";

/** The data that the layer above sends along. */
export interface UserDataDelegate {
  /** What to attach to this node in the eyes of others, at most `bytesMax` bytes. */
  nodeMeta(bytesMax: number): Uint8Array;
  /** A user message arrived, by packet or stream. The bytes are the receiver's. It may queue broadcasts. */
  receiveUserMessage(message: Uint8Array): void;
  /** Messages to gossip now, at most `bytesMax` together, each costing `overheadBytes` besides its own length. */
  takeBroadcasts(overheadBytes: number, bytesMax: number): readonly Uint8Array[];
  /** Has `listener` told of each broadcast that `takeBroadcasts` is going to give, when it is queued: see `BroadcastQueue`. */
  whenQueued?(listener: QueuedListener): void;
  /** What to send along in a push/pull; where the other side began it, `received` is what it sent along. */
  localState(join: boolean, received?: Uint8Array): Uint8Array;
  /** What the other side of a push/pull sent along. It may queue broadcasts. */
  mergeRemoteState(state: Uint8Array, join: boolean): void;
  /**
   * The same where there may be much of it, and called in its place: the memberlist asks the iterator for `next` at once, and again after the
   * packets that came meanwhile, until it is done; not after the memberlist has stopped.
   */
  mergeInSlices?(state: Uint8Array, join: boolean): Iterator<unknown>;
}

/** Told of changes after they took effect. */
export interface MemberDelegate {
  /** A member came, or came back. This node itself is the first. */
  memberJoined(member: Member): void;
  /** The member is dead, or it left: `member.state` tells. */
  memberLeft(member: Member): void;
  /** Its meta changed while it was a member. Other versions alone are not told, and another address is a join: as the reference. */
  memberUpdated(member: Member): void;
}

/** Told of names that two nodes claim. */
export interface ConflictDelegate {
  /** Somebody at another address claims the name of `existing`, which stands. */
  nameConflict(existing: Member, other: Member): void;
}

/** Has a say in who joins whom. */
export interface MergeDelegate {
  /** Asked before the nodes of a join's push/pull are merged; a text refuses the whole exchange and is the reason told. */
  refuseMerge(peers: readonly Member[]): string | undefined;
}

/** Has a say in who is a member. */
export interface AliveDelegate {
  /** Asked before an alive message is looked at; a text ignores it and is the reason logged. */
  refuseAlive(peer: Member): string | undefined;
}

/** Sends something along with answers to pings, and learns how long they took. */
export interface PingDelegate {
  /** What to send back in an ack. */
  ackPayload(): Uint8Array;
  /** A direct ping was answered. `payload` is what the other's `ackPayload` gave. */
  pingCompleted(member: Member, roundTripMs: number, payload: Uint8Array): void;
  /** Whether who sent this payload keeps streams open for whoever watches it. Without this method nobody is known to. */
  keepsStreams?(payload: Uint8Array): boolean;
}

/** All are optional: a memberlist without any is plain membership. */
export interface Delegates {
  readonly userData?: UserDataDelegate;
  readonly members?: MemberDelegate;
  readonly conflict?: ConflictDelegate;
  readonly merge?: MergeDelegate;
  readonly alive?: AliveDelegate;
  readonly ping?: PingDelegate;
}
