import type { Endpoint } from "../base/address.ts";
import { unreachable } from "../base/errors.ts";
import { Arrivals } from "./arrivals.ts";
import type { Broadcast } from "./broadcast-queue.ts";
import type { DisseminationPolicy, DisseminationSurroundings } from "./dissemination-policy.ts";
import { EagerDissemination } from "./eager-dissemination.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Member } from "./member.ts";
import type { MemberlistOptions } from "./options.ts";
import type { Peers } from "./peers.ts";

/** The reference's: nothing leaves but at the gossiper's intervals, and along with pings. */
class TimerDissemination implements DisseminationPolicy {
  readonly isHoldingBack = false;
  private readonly peers: Peers;

  constructor(peers: Peers) {
    this.peers = peers;
  }

  queued(): number {
    return 0;
  }

  noteToldToAll(): void {}

  receiving(): void {}

  received(): void {}

  choosePeers(count: number): readonly Member[] {
    return this.peers.forGossip(count);
  }

  stop(): void {}
}

type DisseminationKind = MemberlistOptions["dissemination"] | "none";

/** News leaves along with pings and acks alone. */
class NoDissemination implements DisseminationPolicy {
  readonly isHoldingBack = false;

  queued(): number {
    return 0;
  }

  noteToldToAll(): void {}

  receiving(): void {}

  received(): void {}

  choosePeers(): readonly Member[] {
    return [];
  }

  stop(): void {}
}

/** Holds the policy in force, which may change at any time, and connects it with the queues. */
export class Dissemination {
  private readonly around: DisseminationSurroundings;
  private readonly arrivals: Arrivals;
  private policy: DisseminationPolicy;
  private isHandling = false;
  private listener: () => void = () => undefined;

  constructor(around: DisseminationSurroundings) {
    this.around = around;
    this.arrivals = new Arrivals(around);
    this.policy = this.create(around.options.dissemination);
    around.broadcasts.whenQueued((broadcast) => this.queued(broadcast, false));
    around.delegates.userData?.whenQueued?.((broadcast) => this.queued(broadcast, true));
  }

  get isEager(): boolean {
    return this.policy instanceof EagerDissemination;
  }

  /** Newcomers are many: what can wait should. */
  get isCrowded(): boolean {
    return this.arrivals.areMany;
  }

  /** Whether whatever there is to tell is told to this room when it is queued. A layer above need not. */
  get hearsOfAll(): boolean {
    const { userData } = this.around.delegates;
    return userData === undefined || userData.whenQueued !== undefined;
  }

  /** Has `listener` called when a broadcast is pending that the gossiper may tell: when it is queued, or once it is held back no longer. There is one. */
  whenPending(listener: () => void): void {
    this.listener = listener;
  }

  /** What was told to the former policy and not yet sent is left to the gossiper. */
  use(kind: DisseminationKind): void {
    this.policy.stop();
    this.policy = this.create(kind);
    this.listener();
  }

  /** The packet from there says that its sender tells everybody. */
  noteToldToAll(from: Endpoint): void {
    this.policy.noteToldToAll(from);
  }

  /** Calls `handle` for a message that came in a packet from there. */
  receive(from: Endpoint, message: InboxMessage, handle: (from: Endpoint, message: InboxMessage) => void): void {
    const { policy } = this;
    policy.receiving(from, message);
    this.isHandling = true;
    try {
      handle(from, message);
    } finally {
      this.isHandling = false;
      policy.received();
    }
  }

  /** Copies for random members wait, because many on this host have yet to be told. */
  get isHoldingBack(): boolean {
    return this.policy.isHoldingBack;
  }

  /** Up to `count` members for the gossiper to tell now. */
  choosePeers(count: number): readonly Member[] {
    return this.policy.choosePeers(count);
  }

  stop(): void {
    this.arrivals.stop();
    this.use("timer");
  }

  private queued(broadcast: Broadcast, isUser: boolean): number {
    const isPlain = broadcast.isArrival !== true || !this.isEager;
    const taken = isPlain ? undefined : this.arrivals.queued(broadcast, isUser, !this.isHandling);
    const transmits = taken ?? this.policy.queued(broadcast, isUser);
    // The gossiper would wake up only to wait.
    if (!this.isHoldingBack) this.listener();
    return transmits;
  }

  private create(kind: DisseminationKind): DisseminationPolicy {
    switch (kind) {
      case "eager":
        return new EagerDissemination(this.around, () => this.listener());
      case "timer":
        return new TimerDissemination(this.around.peers);
      case "none":
        return new NoDissemination();
      default:
        return unreachable(kind);
    }
  }
}
