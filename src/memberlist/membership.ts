import type { Endpoint } from "../base/address.ts";
import { emptyBytes } from "../base/bytes.ts";
import { assert, unreachable } from "../base/errors.ts";
import { encodeMessage } from "../wire/codecs.ts";
import {
  type Alive,
  type Dead,
  type NodeState,
  type NodeStateRecord,
  nodeStates,
  type Suspect,
} from "../wire/messages.ts";
import { createVersionVector } from "../wire/versions.ts";
import type { Broadcast, BroadcastOrigin } from "./broadcast-queue.ts";
import { FlapDamping } from "./flap-damping.ts";
import type { Foundations } from "./foundations.ts";
import { claimedMember, type Member } from "./member.ts";
import { Suspicions } from "./suspicions.ts";
import {
  type AliveSource,
  type AliveVerdict,
  decideAlive,
  decideDead,
  decideSuspect,
  incarnationToRefute,
  isHearsay,
  isOldNews,
  type LocalNode,
  messageOfRecord,
  originOf,
} from "./transitions.ts";

/** What a node attaches to itself, at most: what is longer would not fit the packets of all versions. */
export const metaBytesMax = 512;

/**
 * Carries out what `transitions` decides: every change of the member table happens here, with all that goes with it. News
 * is queued for gossip, suspicions begin and end, this node defends itself, and the delegates are told.
 */
export class Membership {
  private readonly around: Foundations;
  private readonly conflict: (existing: Member, other: Member) => void;
  readonly suspicions: Suspicions;
  private readonly damping: FlapDamping;
  private readonly isAddressAllowed: (address: string) => boolean;
  private readonly veto: ((alive: Alive) => string | undefined) | undefined;
  private left = false;
  private stopped = false;

  /** `conflict` is called with whom the name belongs to here, and who else claims it. */
  constructor(around: Foundations, conflict: (existing: Member, other: Member) => void) {
    this.around = around;
    this.conflict = conflict;
    this.suspicions = new Suspicions(around, (name) => this.applyExpired(name));
    this.damping = new FlapDamping(around.options.flapDampingMs, around);
    const { allowed, delegates } = around;
    const { alive } = delegates;
    this.isAddressAllowed = (address) => allowed.allows(address);
    this.veto = alive && ((candidate) => alive.refuseAlive(claimedMember(candidate)));
  }

  get hasLeft(): boolean {
    return this.left;
  }

  /** How many members are listed, the dead and left among them. */
  get size(): number {
    return this.around.table.length;
  }

  /** How many are alive or suspect. */
  get livingCount(): number {
    const { table } = this.around;
    return table.countIn("alive") + table.countIn("suspect");
  }

  /** How many suspicions run: one for each suspect. */
  get suspicionCount(): number {
    return this.suspicions.size;
  }

  /** This node; defined once it has announced itself. */
  get self(): Member {
    const self = this.find(this.around.options.nodeName);
    assert(self !== undefined, "a memberlist knows itself from its start on");
    return self;
  }

  find(name: string): Member | undefined {
    const row = this.around.table.find(name);
    return row < 0 ? undefined : this.around.table.view(row);
  }

  /** Every listed member whose state is accepted, in no particular order. */
  listed(accepts: (state: NodeState) => boolean = () => true): readonly Member[] {
    const { table } = this.around;
    const members: Member[] = [];
    for (let row = 0; row < table.length; row += 1) if (accepts(table.stateOf(row))) members.push(table.view(row));
    return members;
  }

  stop(): void {
    this.stopped = true;
    this.suspicions.stop();
  }

  /** Says, or says anew, who this node is. `told` is called when it was gossiped often enough, or something newer was. */
  announceSelf(told?: () => void): void {
    const { delegates, options, table } = this.around;
    const meta = delegates.userData?.nodeMeta(metaBytesMax) ?? emptyBytes;
    assert(meta.length <= metaBytesMax, `node meta has ${meta.length} bytes, more than ${metaBytesMax}`);
    const row = table.find(options.nodeName);
    const incarnation = incarnationToRefute(row < 0 ? 0 : table.incarnationOf(row), 0);
    const { delegateProtocolMin: min, delegateProtocolMax: max, delegateProtocolCurrent: current } = options;
    const versions = createVersionVector(options.protocolVersion, { min, max, current });
    const { address, port } = this.around.advertised();
    const alive: Alive = { kind: "alive", incarnation, node: options.nodeName, address, port, meta, versions };
    this.judgeAlive(alive, "bootstrap", told);
  }

  /** Says that this node goes, as only it can. `told` is as for `announceSelf`. */
  leave(told: () => void): void {
    const { nodeName } = this.around.options;
    this.left = true;
    const incarnation = this.around.table.incarnationOf(this.around.table.find(nodeName));
    this.receiveDead({ kind: "dead", incarnation, node: nodeName, from: nodeName }, told);
  }

  /**
   * Takes this node's name over from who had it before: says that the predecessor left, and, when that was told, that this
   * node is there. In the other order nobody would hear the second.
   */
  succeed(predecessor: Member): void {
    const { broadcasts, options } = this.around;
    const { nodeName: node } = options;
    const { incarnation } = predecessor;
    const message = encodeMessage({ kind: "dead", incarnation, node, from: node });
    const finished = (): void => {
      if (!this.left && !this.stopped) this.outbid(incarnation);
    };
    // Not under the name itself, or the next news of this node would replace it before it was told.
    broadcasts.queue({ message, key: `predecessor of ${node}`, finished });
  }

  /** An alive message that came by gossip, from whoever it was that told it. */
  receiveAliveFrom(from: Endpoint, alive: Alive): void {
    const { allowed, logger } = this.around;
    if (!allowed.allows(from.address)) {
      logger.log("DEBUG", `memberlist: Blocked alive message: ${from.address} is not allowed from=${from.address}`);
      return;
    }
    if (!this.isOldNews(alive.node, "alive", alive)) this.receiveAlive(alive);
  }

  receiveAlive(alive: Alive, source: AliveSource = "heard"): void {
    if (this.damping.holdsOut(alive.node)) return;
    const port = this.around.knownPort(alive.port);
    this.judgeAlive(port === alive.port ? alive : { ...alive, port }, source, undefined);
  }

  /** Each piece of news reaches a node some ten times over: what is known already must cost next to nothing, and allocate nothing. */
  private isOldNews(name: string, state: NodeState, claim: Endpoint & { readonly incarnation: number }): boolean {
    const { options, table } = this.around;
    const row = table.find(name);
    if (row < 0) return false;
    const { address, port } = table.descriptorOf(row);
    const samePlace = address === claim.address && port === this.around.knownPort(claim.port);
    const aboutUs = name === options.nodeName;
    return isOldNews(state, claim.incarnation, table.stateOf(row), table.incarnationOf(row), samePlace, aboutUs);
  }

  receiveSuspect(suspect: Suspect): void {
    const { logger, table } = this.around;
    const row = table.find(suspect.node);
    const verdict = decideSuspect(this.localNode(row), suspect, this.circumstances());
    switch (verdict.kind) {
      case "ignore":
        return;
      case "refute":
        this.refute(verdict.accused);
        logger.log("WARN", `memberlist: Refuting a suspect message (from: ${suspect.from})`);
        return;
      case "confirm":
        // Passed on, so that others' suspicions are confirmed too, and independently of this node's.
        if (this.suspicions.confirm(suspect.node, suspect.from)) this.broadcast(suspect);
        return;
      case "suspect":
        this.applySuspect(row, suspect);
        return;
      default:
        unreachable(verdict);
    }
  }

  receiveDead(dead: Dead, told?: () => void, origin?: BroadcastOrigin): void {
    const { clock, delegates, logger, metrics, options, table } = this.around;
    const row = table.find(dead.node);
    const local = this.localNode(row);
    if (options.confirmDeaths && isHearsay(dead, local)) {
      this.receiveSuspect({ ...dead, kind: "suspect" });
      return;
    }
    const verdict = decideDead(local, dead, this.circumstances());
    switch (verdict.kind) {
      case "ignore":
        return;
      case "refute":
        this.refute(verdict.accused);
        logger.log("WARN", `memberlist: Refuting a dead message (from: ${dead.from})`);
        return;
      case "gone":
        this.suspicions.end(dead.node);
        this.broadcast(dead, told, origin && { origin });
        metrics.increment("memberlist.msg.dead");
        table.setIncarnation(row, dead.incarnation);
        table.setState(row, verdict.state, clock.monotonicMs());
        if (verdict.state === "dead") this.damping.died(dead.node);
        delegates.members?.memberLeft(table.view(row));
        return;
      default:
        unreachable(verdict);
    }
  }

  /** Takes over what another knows of a member; `isIntroduction`: to a node that knew nobody. Nearly all is known, and costs nothing: then false. */
  merge(record: NodeStateRecord, isIntroduction = false): boolean {
    if (this.isOldNews(record.name, record.state, record)) return false;
    const message = messageOfRecord(record, this.around.options.nodeName);
    if (message.kind === "alive") this.receiveAlive(message, isIntroduction ? "introduced" : "heard");
    else if (message.kind === "dead") this.receiveDead(message);
    else this.receiveSuspect(message);
    return true;
  }

  private judgeAlive(alive: Alive, source: AliveSource, told: (() => void) | undefined): void {
    const row = this.around.table.find(alive.node);
    if (source !== "bootstrap" && this.isRepeated(row, alive)) return;
    const verdict = this.decideAlive(row, alive, source);
    switch (verdict.kind) {
      case "ignore":
        if (verdict.warning !== undefined) this.warn(`${alive.node} ${verdict.reason}`, verdict.warning);
        return;
      case "refute":
        this.refuteAlive(row, alive, verdict.accused);
        return;
      case "conflict":
        this.reportConflict(row, alive);
        return;
      case "new":
        this.applyNew(alive, source, told);
        return;
      case "reclaim":
        this.logReclaim(row, alive);
        this.applyAlive(row, alive, "joined", told);
        return;
      case "update":
        this.applyAlive(row, alive, verdict.change, told);
        return;
      default:
        unreachable(verdict);
    }
  }

  /** Gossip tells the same many times over: what is known already is dropped before anything is allocated for it, as in `merge`. */
  private isRepeated(row: number, { node, address, port, incarnation }: Alive): boolean {
    const { options, table } = this.around;
    if (row < 0 || incarnation > table.incarnationOf(row) || node === options.nodeName) return false;
    const known = table.descriptorOf(row);
    return known.address === address && known.port === port;
  }

  private decideAlive(row: number, alive: Alive, source: AliveSource): AliveVerdict {
    const { clock, options } = this.around;
    return decideAlive(this.localNode(row), alive, {
      localName: options.nodeName,
      leaving: this.left,
      source,
      nowMs: clock.monotonicMs(),
      reclaimMs: options.deadNodeReclaimMs,
      isAddressAllowed: this.isAddressAllowed,
      veto: this.veto,
    });
  }

  private applyNew(alive: Alive, source: AliveSource, told: (() => void) | undefined): void {
    const { clock, delegates, metrics, order, table } = this.around;
    if (table.isFull) {
      this.warn("full", `Rejected node ${alive.node}: more members than this node takes`);
      return;
    }
    const row = table.insert(claimedMember(alive), alive.incarnation, "alive", clock.monotonicMs());
    order.insert(table.idOf(row));
    // Everybody whom this node could tell has just been introduced, too, by who knows them all.
    if (source !== "introduced") this.broadcast(alive, told, { isArrival: true });
    metrics.increment("memberlist.msg.alive");
    delegates.members?.memberJoined(table.view(row));
  }

  private applyAlive(
    row: number,
    alive: Alive,
    change: "joined" | "updated" | "nothing",
    told: (() => void) | undefined,
  ): void {
    const { clock, delegates, metrics, table } = this.around;
    this.suspicions.end(alive.node);
    this.broadcast(alive, told);
    metrics.increment("memberlist.msg.alive");
    // A message without versions says nothing of them: what was known stands.
    const versions = alive.versions ?? table.descriptorOf(row).versions;
    this.around.truces.noteReturn(row);
    table.setDescriptor(row, claimedMember({ ...alive, versions }));
    table.setIncarnation(row, alive.incarnation);
    table.setState(row, "alive", clock.monotonicMs());
    if (change === "joined") delegates.members?.memberJoined(table.view(row));
    else if (change === "updated") delegates.members?.memberUpdated(table.view(row));
  }

  private applySuspect(row: number, suspect: Suspect): void {
    const { clock, metrics, table } = this.around;
    this.broadcast(suspect);
    metrics.increment("memberlist.msg.suspect");
    table.setIncarnation(row, suspect.incarnation);
    table.setState(row, "suspect", clock.monotonicMs());
    this.suspicions.begin(suspect.node, suspect.from);
  }

  private applyExpired(name: string): void {
    const { options, table } = this.around;
    const incarnation = table.incarnationOf(table.find(name));
    this.receiveDead({ kind: "dead", incarnation, node: name, from: options.nodeName }, undefined, "everywhere");
  }

  /** Having to defend itself is a sign that this node is not doing well. */
  private refute(accused: number): void {
    this.outbid(accused);
    this.around.awareness.applyDelta(1);
  }

  /** Says that this node is alive, above an incarnation that is wrong about it. */
  private outbid(incarnationHeard: number): void {
    const { options, table } = this.around;
    const row = table.find(options.nodeName);
    const incarnation = incarnationToRefute(table.incarnationOf(row), incarnationHeard);
    table.setIncarnation(row, incarnation);
    const { name: node, address, port, meta, versions } = table.descriptorOf(row);
    this.broadcast({ kind: "alive", incarnation, node, address, port, meta, versions });
  }

  private refuteAlive(row: number, alive: Alive, accused: number): void {
    const { logger, metrics, table } = this.around;
    const { meta } = table.descriptorOf(row);
    this.refute(accused);
    const metas = `meta:([${alive.meta.join(" ")}] VS [${meta.join(" ")}])`;
    const place = `'${alive.node}' (${alive.address}:${alive.port})`;
    logger.log("WARN", `memberlist: Refuting an alive message for ${place} ${metas}`);
    metrics.increment("memberlist.msg.alive");
  }

  private reportConflict(row: number, alive: Alive): void {
    const { limitedLog, table, truces } = this.around;
    truces.note(alive.node);
    const existing = table.view(row);
    const mine = `${existing.address}:${existing.port}`;
    const theirs = `${alive.address}:${alive.port}`;
    const state = nodeStates.indexOf(existing.state);
    const line = `Conflicting address for ${alive.node}. Mine: ${mine} Theirs: ${theirs} Old state: ${state}`;
    limitedLog.log("ERR", `conflict ${alive.node} ${theirs}`, `memberlist: ${line}`);
    this.conflict(existing, claimedMember(alive));
  }

  private logReclaim(row: number, alive: Alive): void {
    const { logger, table } = this.around;
    const { address, port } = table.descriptorOf(row);
    const move = `from ${address}:${port} to ${alive.address}:${alive.port}`;
    logger.log("INFO", `memberlist: Updating address for left or failed node ${alive.node} ${move}`);
  }

  /** Gossip repeats itself, and what is wrong with a message is wrong with all its copies. */
  private warn(key: string, warning: string): void {
    this.around.limitedLog.log("WARN", key, `memberlist: ${warning}`);
  }

  /** News about a member replaces older news about it. */
  private broadcast(news: Alive | Suspect | Dead, finished?: () => void, given?: Partial<Broadcast>): void {
    const origin = originOf(news, this.around.options.nodeName);
    const broadcast = { message: encodeMessage(news), key: news.node, origin, ...given };
    this.around.broadcasts.queue(finished === undefined ? broadcast : { ...broadcast, finished });
  }

  private circumstances(): { readonly localName: string; readonly leaving: boolean } {
    return { localName: this.around.options.nodeName, leaving: this.left };
  }

  private localNode(row: number): LocalNode | undefined {
    if (row < 0) return undefined;
    const { table } = this.around;
    return { ...table.view(row), stateChangedMs: table.stateChangedMsOf(row) };
  }
}
