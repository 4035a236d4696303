import type { Endpoint } from "../base/address.ts";
import type { Timer } from "../base/host.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { Broadcast } from "./broadcast-queue.ts";
import type { DisseminationPolicy, DisseminationSurroundings } from "./dissemination-policy.ts";
import { Hostmates } from "./hostmates.ts";
import type { InboxMessage } from "./inbox.ts";
import type { Member } from "./member.ts";
import { PushRounds } from "./push-rounds.ts";
import { RecentNews } from "./recent-news.ts";
import { RelayTree } from "./relay-tree.ts";
import { retransmitLimit } from "./scaling.ts";

/** For how long a message that is no news any more is still passed on to those who count on it. */
const duplicatesMs = 40;
/** News from a push/pull goes by the tree if it is at most so much: a newcomer is, the other half of a cluster is not. */
const mergedMax = 8;
/** So much waits for its turn at most; what comes beyond is left to the gossiper. */
const waitingMax = 4_096;
/** So many members are told at random before one is again, where there are more. */
const toldMax = 16;
/** Where there are more, hardly any of those drawn is one of them, and to look who told this node is not worth it. */
const tellersUpTo = 2 * toldMax;
/** So few transmissions have up to nine nodes on a LAN. */
const scantMax = 4;
/** Up to so many who all live on one host an origin tells itself what is not part of a stream: there a copy costs little, and each step a place in the line. */
const directOnHostMax = 256;
/** What this node begins after so long without anything is not kept until the end of the turn. */
const pauseMs = 20;
/** Where it has begun so much in so long, what comes next is part of a stream, pauses or not: where processors are short a burst comes in drops. */
const streamEvents = 4;
const streamMs = 1_000;

/**
 * Tells news at once: by a tree whose branches each node works out for itself, so that it takes two steps without loss, and to
 * some random members, which repairs what the tree missed; the gossiper's timer is the last resort. A broadcast is sent no more often than by
 * the timer alone: the transmission by the tree, one a node on average, counts as one of its transmissions.
 *
 * What is queued in one turn leaves together, in the order of queueing, but for a message that the layer above begins after a pause: it leaves before
 * this node itself is told of it, because its way is the longer one. A node sends so many packets a second at most; beyond that
 * news waits until it may go, and fills packets meanwhile.
 */
export class EagerDissemination implements DisseminationPolicy {
  private readonly around: DisseminationSurroundings;
  private readonly tree: RelayTree;
  private readonly rounds: PushRounds;
  private readonly hostmates: Hostmates;
  private readonly recent = new RecentNews(duplicatesMs);
  private readonly bucket: TokenBucket;
  /** As on the wire, for deputies and cell. */
  private begun: Uint8Array[] = [];
  /** For the cell. */
  private relayed: Uint8Array[] = [];
  /** News that came by a stream in this turn. */
  private merged: Uint8Array[] = [];
  /** Ids of the members that were told at random last. */
  private toldLast: number[] = [];
  private flushTimer: Timer | undefined;
  /** Since the last flush. */
  private hasBegun = false;
  /** When the last ones were begun, the oldest first. */
  private readonly begunMs = Array<number>(streamEvents).fill(Number.NEGATIVE_INFINITY);
  private handled: InboxMessage | undefined;
  private sender: Endpoint | undefined;
  /** Of the last packet whose sender tells everybody. */
  private toldToAllBy: Endpoint | undefined;
  private isDeputyOfSender = false;
  private wasNews = false;

  /** `whenNoLongerHeldBack` is called when `isHoldingBack` ends. */
  constructor(around: DisseminationSurroundings, whenNoLongerHeldBack: () => void) {
    this.around = around;
    const { eagerPacketsPerSecond: perSecond, nodeName } = around.options;
    this.hostmates = new Hostmates(around.table, nodeName);
    this.tree = new RelayTree(around.table, nodeName);
    this.rounds = new PushRounds(around, this.hostmates, (count) => this.choosePeers(count), whenNoLongerHeldBack);
    this.bucket = new TokenBucket(around.clock, perSecond, Math.max(1, perSecond / 10));
  }

  get isHoldingBack(): boolean {
    return this.rounds.isHeldBack;
  }

  queued({ message, origin = "here" }: Broadcast, isUser: boolean): number {
    if (origin === "everywhere") {
      this.schedule();
      return 0;
    }
    const isBegun = origin === "here";
    const target = isBegun ? this.begun : this.placeOfPassedOn();
    // Who neither begins nor relays has nothing to do at the end of the turn but to begin rounds. Where these have time, they can begin at once.
    if (target === undefined && this.tree.isDirect) this.rounds.begin("soon");
    else if (target === undefined && this.rounds.haveTime) this.beginLater();
    else this.schedule();
    if (target !== undefined && target.length >= waitingMax) return 0;
    target?.push(isUser ? encodeMessage({ kind: "user", payload: message }) : message);
    if (isBegun) this.noteBegun(isUser);
    return this.ownTransmissions(isBegun);
  }

  noteToldToAll(from: Endpoint): void {
    this.toldToAllBy = from;
  }

  receiving(from: Endpoint, message: InboxMessage): void {
    this.handled = message;
    this.wasNews = false;
    // The messages of one packet come with the same object.
    if (from === this.sender) return;
    this.sender = from;
    this.isDeputyOfSender = from !== this.toldToAllBy && this.tree.isDeputyOf(from);
  }

  received(): void {
    const message = this.handled;
    this.handled = undefined;
    if (!this.wasNews) this.rounds.noteAwake(this.around.clock.monotonicMs());
    if (message === undefined || this.tree.isDirect || this.sender === this.toldToAllBy) return;
    const { clock } = this.around;
    if (this.wasNews) {
      this.recent.add(message, this.isDeputyOfSender, clock.monotonicMs());
    } else if (this.isDeputyOfSender && this.recent.takeUnrelayed(message, clock.monotonicMs())) {
      if (this.relayed.length >= waitingMax) return;
      this.relayed.push(encodeMessage(message));
      this.schedule();
    }
  }

  /**
   * Not those told last, so that in a small cluster nobody is left out; and no deputies: one would tell its whole cell, each time.
   */
  choosePeers(count: number): readonly Member[] {
    const { peers, table } = this.around;
    const isDeputy = (row: number) => this.tree.isDeputy(table.idOf(row));
    const chosen = peers.forGossip(count, (row) => !this.toldLast.includes(table.idOf(row)) && !isDeputy(row));
    if (chosen.length === count) return this.noteTold(chosen);
    const names = new Set(chosen.map(({ name }) => name));
    this.toldLast = [];
    return this.noteTold([
      ...chosen,
      ...peers.forGossip(count - chosen.length, (row) => !names.has(table.descriptorOf(row).name) && !isDeputy(row)),
    ]);
  }

  stop(): void {
    this.flushTimer?.cancel();
    this.flushTimer = undefined;
    this.rounds.stop();
  }

  /** Who told this node has nothing to hear of it: in a cluster of three all depends on that. */
  private noteTeller(): void {
    const { peers, table } = this.around;
    const row = this.sender === undefined ? -1 : peers.rowAt(this.sender);
    if (row >= 0) this.noteToldId(table.idOf(row));
  }

  private noteTold(members: readonly Member[]): readonly Member[] {
    const { table } = this.around;
    for (const { name } of members) this.noteToldId(table.idOf(table.find(name)));
    return members;
  }

  private noteToldId(id: number): void {
    this.toldLast.push(id);
    if (this.toldLast.length > toldMax) this.toldLast.shift();
  }

  /**
   * The tree sends each node one copy, and so each counts one; with few to send, who relays keeps all of them, for what a member without a
   * tree began, and the origin, which tells everybody, counts what it sends.
   */
  private ownTransmissions(isBegun: boolean): number {
    const { options, table } = this.around;
    if (retransmitLimit(options.retransmitMult, table.length) > scantMax) return 1;
    return isBegun ? this.tree.deputies().length : 0;
  }

  private beginLater(): void {
    if (this.handled !== undefined && this.sender === this.toldToAllBy) this.rounds.beginWhenAwake();
    else this.rounds.begin("now");
  }

  /** Where another node's news waits; undefined if it does not go by the tree from here. */
  private placeOfPassedOn(): Uint8Array[] | undefined {
    if (this.handled === undefined) return this.merged;
    this.wasNews = true;
    if (this.tree.isDirect && this.around.table.length <= tellersUpTo) this.noteTeller();
    return this.isDeputyOfSender ? this.relayed : undefined;
  }

  private noteBegun(isUser: boolean): void {
    const { clock } = this.around;
    const nowMs = clock.monotonicMs();
    const isAfterPause = nowMs - this.begunMs.at(-1)! >= pauseMs;
    const isStream = nowMs - this.begunMs.shift()! < streamMs;
    this.hasBegun = true;
    const isAlone = this.begun.length === 1 && this.relayed.length === 0;
    if (isUser && isAfterPause && isAlone && !isStream && this.bucket.waitMs() === 0)
      this.sendNext(this.hostmates.count === this.tree.everybody().length);
    // Only now: where processors are short that alone takes as long as a pause.
    this.begunMs.push(clock.monotonicMs());
  }

  /** At the end of this turn: whatever else comes of the same packets leaves together. */
  private schedule(): void {
    this.flushTimer ??= this.around.timers.after(0, () => this.flush());
  }

  private flush(): void {
    this.flushTimer = undefined;
    if (this.merged.length <= mergedMax) this.begun.push(...this.merged);
    this.merged = [];
    const toldAll = (this.hasBegun || this.begun.length > 0) && this.tree.isDirect;
    this.hasBegun = false;
    while (this.begun.length + this.relayed.length > 0) {
      const waitMs = this.bucket.waitMs();
      if (waitMs > 0) {
        this.flushTimer = this.around.timers.after(waitMs, () => this.flush());
        break;
      }
      this.sendNext();
    }
    // Whoever has just told everybody leaves the others to do something, too.
    this.rounds.begin(toldAll ? "never" : this.tree.isDirect ? "soon" : "now");
  }

  /** One packet to each of those who are to have it. `toAll`: to everybody, if they are not too many. */
  private sendNext(toAll = false): void {
    const { packets, table } = this.around;
    const isRelay = this.relayed.length > 0;
    const waiting = isRelay ? this.relayed : this.begun;
    const count = packets.countFitting(waiting);
    const messages = waiting.splice(0, count);
    const isDirect = toAll && !this.tree.isDirect && this.tree.everybody().length < directOnHostMax;
    const ids = isDirect
      ? this.tree.everybody()
      : isRelay
        ? this.tree.cell()
        : [...this.tree.deputies(), ...this.tree.cell()];
    packets.sendToAll(
      ids.map((id) => table.descriptorOf(table.rowOfId(id))),
      messages,
      isDirect,
    );
    this.bucket.take(ids.length);
  }
}
