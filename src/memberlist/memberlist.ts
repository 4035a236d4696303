import type { Endpoint } from "../base/address.ts";
import { assert, SerfError, unreachable } from "../base/errors.ts";
import type { Host, Stream, StreamHandler, TransportFailure, TransportReceiver } from "../base/host.ts";
import { Ticker } from "../base/ticker.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { PacketMessage } from "../wire/messages.ts";
import { openPacket } from "../wire/packet-envelope.ts";
import type { AckWaiters } from "./ack-waiters.ts";
import { type AnnouncementDone, Announcer } from "./announcer.ts";
import type { BroadcastQueue } from "./broadcast-queue.ts";
import { CrashWatch } from "./crash-watch.ts";
import type { Delegates } from "./delegates.ts";
import { Directory } from "./directory.ts";
import { Dissemination } from "./dissemination.ts";
import { EarlyExchanges } from "./early-exchanges.ts";
import { createFoundations, type Foundations } from "./foundations.ts";
import { Gossiper } from "./gossiper.ts";
import { Inbox, type InboxMessage } from "./inbox.ts";
import { Joiner, type JoinResult } from "./joiner.ts";
import type { Keyring } from "./keyring.ts";
import type { Member } from "./member.ts";
import type { MemberTable } from "./member-table.ts";
import { Membership } from "./membership.ts";
import { NameRelease } from "./name-release.ts";
import { NameTakeover } from "./name-takeover.ts";
import { type MemberlistOptions, resolveMemberlistOptions } from "./options.ts";
import { PacketSender } from "./packet-sender.ts";
import { PingResponder } from "./ping-responder.ts";
import { Prober } from "./prober.ts";
import { isPublicAddress } from "./public-address.ts";
import { ReliableSender, type SendDone } from "./reliable-sender.ts";
import { StateSync } from "./state-sync.ts";
import { StreamServer } from "./stream-server.ts";
import type { SuspectedMember } from "./suspicions.ts";
import { isGone } from "./transitions.ts";

/** How often the length of the broadcast queue is sampled. */
const queueCheckIntervalMs = 30_000;

/** The rooms of a memberlist that those may look into who check it. They change nothing. */
export interface MemberlistInside {
  readonly table: Omit<MemberTable, "insert" | "removeWhere" | "setDescriptor" | "setIncarnation" | "setState">;
  readonly broadcasts: Pick<BroadcastQueue, "length" | "droppedCount">;
  readonly acks: Pick<AckWaiters, "size">;
  readonly inbox: Pick<Inbox, "length">;
  suspicionCount(): number;
}

/**
 * Who is alive: SWIM with Lifeguard, as memberlist speaks it. This class ties the rooms of the layer together; what each
 * thing does is found in the room of its name. It is the receiver of the host's transport.
 */
export class Memberlist implements TransportReceiver {
  readonly options: MemberlistOptions;
  /** Undefined where the node runs without encryption. */
  readonly keyring: Keyring | undefined;

  private readonly foundations: Foundations;
  private readonly membership: Membership;
  private readonly packets: PacketSender;
  private readonly takeover: NameTakeover;
  private readonly releases: NameRelease;
  private readonly reliableSender: ReliableSender;
  private readonly inbox: Inbox;
  private readonly pings: PingResponder;
  private readonly crashes: CrashWatch;
  private readonly prober: Prober;
  private readonly dissemination: Dissemination;
  private readonly gossiper: Gossiper;
  private readonly stateSync: StateSync;
  private readonly earlyExchanges: EarlyExchanges;
  private readonly streamServer: StreamServer;
  private readonly joiner: Joiner;
  private readonly announcer: Announcer;
  private readonly queueCheck: Ticker;
  private state: "new" | "running" | "shutdown" = "new";

  /**
   * Throws INVALID_OPTION or INVALID_KEY. Nothing is sent or received before `start`. Only a simulation of many nodes gives a
   * `directory`, to be shared by all of them.
   */
  constructor(
    given: Partial<MemberlistOptions>,
    host: Host,
    delegates: Delegates = {},
    directory: Directory = new Directory(),
  ) {
    this.options = resolveMemberlistOptions(given);
    const foundations = createFoundations(this.options, host, delegates, directory);
    const { broadcasts, metrics, rejections, timers } = foundations;
    this.foundations = foundations;
    this.keyring = foundations.keyring;
    this.membership = new Membership(foundations, (existing, other) => this.receiveConflict(existing, other));
    this.packets = new PacketSender(foundations);
    this.reliableSender = new ReliableSender(foundations);
    this.stateSync = new StateSync({
      ...{ ...foundations, membership: this.membership },
      suspectHeard: (namesake) => this.takeover.receiveSuspect(namesake),
    });
    this.dissemination = new Dissemination({ ...foundations, packets: this.packets });
    const { dissemination, membership, packets, stateSync } = this;
    const talking = { ...foundations, dissemination, membership, packets, stateSync };
    this.takeover = new NameTakeover(talking);
    this.releases = new NameRelease(talking);
    this.pings = new PingResponder(talking);
    this.crashes = new CrashWatch(talking);
    this.prober = new Prober({ ...talking, crashes: this.crashes });
    this.gossiper = new Gossiper(talking);
    this.earlyExchanges = new EarlyExchanges(talking);
    this.streamServer = new StreamServer(talking);
    this.joiner = new Joiner(talking);
    this.announcer = new Announcer(timers);
    const handle = (from: Endpoint, message: InboxMessage) => this.handle(from, message);
    this.inbox = new Inbox({
      lengthMax: this.options.inboxLengthMax,
      timers,
      handle: (from, message) => this.dissemination.receive(from, message, handle),
      overflowed: (from, { kind }) => rejections.noteOverflow(from, kind),
    });
    this.queueCheck = new Ticker({
      ...foundations,
      intervalMs: () => queueCheckIntervalMs,
      handleTick: () => metrics.sample("memberlist.queue.broadcasts", broadcasts.length),
    });
  }

  /** Announces this node to itself, and begins to listen, probe, gossip and exchange state. Called once. */
  start(): void {
    assert(this.state === "new", "a memberlist starts once");
    this.state = "running";
    const { advertised, logger } = this.foundations;
    if (this.keyring === undefined && isPublicAddress(advertised().address)) {
      logger.log("WARN", "memberlist: Binding to public address without encryption!");
    }
    this.membership.announceSelf();
    this.foundations.transport.listen(this);
    this.prober.start();
    this.crashes.start();
    this.gossiper.start();
    this.stateSync.start();
    this.earlyExchanges.begin();
    this.queueCheck.start();
  }

  /**
   * Contacts every address of the list, `[name/]host[:port]`, one after the other; reaching one is enough to be in the
   * cluster. `done` is called once; synchronously only for an empty list.
   */
  join(addresses: readonly string[], done: (result: JoinResult) => void): void {
    this.expectRunning();
    this.joiner.join(addresses, (result) => {
      if (result.joined > 0 && this.state === "running") this.earlyExchanges.begin();
      done(result);
    });
  }

  /**
   * Tells the others that this node leaves, and calls `done` when that was told often enough, at once if nobody is there to
   * be told. TIMEOUT after `timeoutMs` (0: none). The node keeps gossiping until `shutdown`, for the news to spread.
   */
  leave(timeoutMs: number, done: AnnouncementDone): void {
    this.expectRunning();
    if (this.membership.hasLeft) {
      done();
      return;
    }
    const told = this.announcer.expect("leave", timeoutMs, done);
    this.membership.leave(told);
    if (this.aloneNow) told();
  }

  /** Asks the delegate for this node's meta again and tells the others. `done` and `timeoutMs` are as for `leave`. */
  updateMeta(timeoutMs: number, done: AnnouncementDone): void {
    this.expectRunning();
    const told = this.announcer.expect("update", timeoutMs, done);
    this.membership.announceSelf(told);
    if (this.aloneNow) told();
  }

  /**
   * Changes when, and to whom, news is sent: see the option of this name. With "none" it leaves along with pings and acks alone: for a while, where
   * nodes are told by exchanges.
   */
  disseminate(how: MemberlistOptions["dissemination"] | "none"): void {
    this.expectRunning();
    this.dissemination.use(how);
  }

  /** Tells nobody what is still pending about members: for whoever knows that everybody knows it. */
  forgetNews(): void {
    this.foundations.broadcasts.clear();
  }

  /** Falls silent. To the others this node looks failed, unless it left before. Calling it again does nothing. */
  shutdown(): void {
    if (this.state === "shutdown") return;
    this.state = "shutdown";
    for (const room of [
      this.prober,
      this.crashes,
      this.dissemination,
      this.gossiper,
      this.stateSync,
      this.earlyExchanges,
      this.queueCheck,
      this.streamServer,
    ])
      room.stop();
    this.takeover.stop();
    this.releases.stop();
    this.membership.stop();
    this.foundations.acks.clear();
    this.inbox.clear();
    this.foundations.transport.close();
    this.reliableSender.stop();
    this.joiner.stop();
    this.announcer.stop();
  }

  /** Switches the fast path to failed members on or off while the node runs: see the option `fastFailure`. */
  setFastFailure(enabled: boolean): void {
    this.crashes.isEnabled = enabled;
  }

  /** Defined from `start` on. */
  get localMember(): Member {
    return this.membership.self;
  }

  /** Those alive or suspect, this node among them. */
  members(): readonly Member[] {
    return this.membership.listed((state) => !isGone(state));
  }

  /** Also the dead and left, as long as they are remembered. */
  allMembers(): readonly Member[] {
    return this.membership.listed();
  }

  /** The member of that name, the dead and left included as long as they are remembered. */
  member(name: string): Member | undefined {
    return this.membership.find(name);
  }

  /** Members that somebody does not reach, and who says so. Unless they refute, they are declared failed. */
  suspects(): readonly SuspectedMember[] {
    return this.membership.suspicions.list();
  }

  /** How many `members` has. */
  get aliveCount(): number {
    return this.membership.livingCount;
  }

  /** How many `allMembers` has: what the protocol's times and counts grow with. */
  get estimatedSize(): number {
    return this.membership.size;
  }

  /** Lifeguard's local health: 0 is healthy, 7 with default options the worst. */
  get healthScore(): number {
    return this.foundations.awareness.score;
  }

  /** The longest message of the layer above that a gossip packet can take. */
  get broadcastBytesMax(): number {
    return this.packets.broadcastBytesMax;
  }

  /** Sends bytes of the layer above in one packet, which may be lost; too long a message is. */
  sendBestEffort(to: Member | Endpoint, message: Uint8Array): void {
    this.expectRunning();
    const encoded = encodeMessage({ kind: "user", payload: message });
    if ("name" in to) this.packets.send(to, to.name, [encoded], to.versions);
    else this.packets.send(to, "", [encoded]);
  }

  /**
   * Sends bytes of the layer above over a stream. `done` is called once, never synchronously but on `shutdown`: with
   * SEND_FAILED, or without an error when the peer has taken them.
   */
  sendReliable(to: Member | Endpoint, message: Uint8Array, done: SendDone): void {
    this.expectRunning();
    this.reliableSender.send(to, message, done);
  }

  /**
   * Exchanges everything with a random member now, one of the preferred if there are any. `done` is called once, later, with whether it
   * succeeded; not after `shutdown`. Returns false if there is no other member.
   */
  exchangeState(isPreferred: (name: string) => boolean, done: (succeeded: boolean) => void): boolean {
    return this.state === "running" && this.stateSync.exchangeNow(isPreferred, done);
  }

  /** What is inside, to be looked at: it stays as true as the rooms it shows. */
  inspect(): MemberlistInside {
    const { table, broadcasts, acks } = this.foundations;
    const { inbox, membership } = this;
    return { table, broadcasts, acks, inbox, suspicionCount: () => membership.suspicionCount };
  }

  /** Called by the transport. First station of a packet's journey. */
  receivePacket(from: Endpoint, packet: Uint8Array, atMs: number): void {
    if (this.state !== "running") return;
    this.foundations.metrics.increment("memberlist.udp.received", packet.length);
    const problem = openPacket(packet, this.foundations.envelopes.opening(), (message, isLoneCompound) => {
      if (isLoneCompound) this.dissemination.noteToldToAll(from);
      this.receive(from, message, atMs);
    });
    if (problem === undefined) this.crashes.heardFrom(from);
    else this.foundations.rejections.notePacket(from, problem);
  }

  /** Whatever measures time is answered at once; what changes the membership can wait a moment. */
  private receive(from: Endpoint, message: PacketMessage, atMs: number): void {
    switch (message.kind) {
      case "ping":
        this.pings.receivePing(from, message);
        return;
      case "indirect-ping":
        this.pings.receiveIndirectPing(from, message);
        return;
      case "ack":
        this.foundations.acks.receiveAck(message, atMs);
        return;
      case "nack":
        this.foundations.acks.receiveNack(message);
        return;
      case "alive":
      case "suspect":
      case "dead":
      case "user":
        // What was handled at once may have led to the end.
        if (this.state === "running") this.inbox.push(from, message, atMs);
        return;
      default:
        unreachable(message);
    }
  }

  /** A message leaves the inbox. */
  private handle(from: Endpoint, message: InboxMessage): void {
    switch (message.kind) {
      case "alive": {
        const { size } = this.membership;
        this.membership.receiveAliveFrom(from, message);
        if (this.membership.size > size) this.earlyExchanges.noteNewcomer();
        return;
      }
      case "suspect":
        this.membership.receiveSuspect(message);
        return;
      case "dead":
        this.membership.receiveDead(message);
        return;
      case "user":
        this.foundations.delegates.userData?.receiveUserMessage(message.payload);
        return;
      default:
        unreachable(message);
    }
  }

  /** Called by the transport. */
  acceptStream(stream: Stream): StreamHandler {
    return this.streamServer.accept(stream);
  }

  /** Called by the transport. */
  packetFailed(to: Endpoint, failure: TransportFailure): void {
    this.prober.packetFailed(to, failure);
  }

  private receiveConflict(existing: Member, other: Member): void {
    this.releases.receiveClaim(existing, other);
    this.takeover.receiveConflict(existing, other);
  }

  private get aloneNow(): boolean {
    return this.membership.livingCount === (this.membership.hasLeft ? 0 : 1);
  }

  private expectRunning(): void {
    if (this.state !== "running") throw new SerfError("NOT_RUNNING", `memberlist is ${this.state}`);
  }
}
