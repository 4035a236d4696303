import { assert } from "../base/errors.ts";
import type { Host, Timer } from "../base/host.ts";
import { isRejected } from "../base/rejected.ts";
import type { MemberDelegate } from "../memberlist/delegates.ts";
import type { Member } from "../memberlist/member.ts";
import type { MemberEventKind, SerfEvent } from "./events.ts";
import { LamportClock } from "./lamport-clock.ts";
import type { MemberStatus, SerfMember } from "./member.ts";
import type { JoinIntent, LeaveIntent } from "./messages.ts";
import { RecentIntents } from "./recent-intents.ts";
import { decodeTags } from "./tags.ts";
import { decideDeparture, decideJoin, decideLeave } from "./transitions.ts";

/** A member and what others need not see of it. */
interface MemberRecord {
  view: SerfMember;
  /** Lamport time of the newest intent about it. */
  statusTime: number;
  /** Monotonic time at which memberlist said that it is gone. */
  goneAtMs: number | undefined;
  /** Monotonic time from which on a member that is leaving should have left; see `overdueLeaves`. */
  leaveDueMs: number;
  /** That time came, and its leave was told once more. */
  leaveToldAgain: boolean;
}

/** How long a leave may take. Told and carried out, it takes some ten seconds. */
const leaveLimitMs = 30_000;
/** How long a member may take to refute or confirm that it leaves. */
const leaveRefutationMs = 15_000;

export interface MembershipTimes {
  /** A member back within so long after it failed is counted as flapping. */
  readonly flapTimeoutMs: number;
  /** How long a member that is leaving is given before it is pruned. */
  readonly pruneDelayMs: number;
}

/** How long is kept what is gone. */
export interface ReapTimeouts {
  readonly intentMs: number;
  readonly failedMs: number;
  readonly leftMs: number;
  /** For a single member, in place of the time of its status. */
  readonly override?: ((member: SerfMember, timeoutMs: number) => number) | undefined;
}

/** What the membership needs of the node it belongs to. */
export interface MembershipNode {
  readonly name: string;
  /** False once this node has begun to leave. */
  isStaying(): boolean;
  /** Announces a join newer than the leave intent that claimed we were leaving. */
  refuteLeave(): void;
  /** A member was forgotten for good. */
  erased(name: string): void;
  tell(event: SerfEvent): void;
}

/**
 * The members of the cluster with Serf's statuses. Memberlist says who is up or gone (the delegate's three methods), intents
 * say who meant to leave; `transitions` decides what follows from both.
 */
export class Membership implements MemberDelegate {
  readonly clock = new LamportClock();
  private readonly records = new Map<string, MemberRecord>();
  private readonly recentIntents = new RecentIntents();
  /** Members that are leaving and are to be forgotten altogether, by name. */
  private readonly prunes = new Map<string, Timer>();
  private readonly node: MembershipNode;
  private readonly times: MembershipTimes;
  private readonly host: Host;
  private tellChange: (name: string) => void = () => undefined;

  constructor(node: MembershipNode, times: MembershipTimes, host: Host) {
    this.node = node;
    this.times = times;
    this.host = host;
  }

  // What is known.

  get size(): number {
    return this.records.size;
  }

  members(): SerfMember[] {
    return [...this.records.values()].map((record) => record.view);
  }

  member(name: string): SerfMember | undefined {
    return this.records.get(name)?.view;
  }

  /** Has `listener` called after every change of a member, of its status too, and when one is forgotten: ahead of all events. */
  onChange(listener: (name: string) => void): void {
    this.tellChange = listener;
  }

  /** True for one that is not a member, and of whom others lately said that it left. */
  hasHeardOfLeave(name: string): boolean {
    return !this.records.has(name) && this.recentIntents.find(name)?.kind === "leave";
  }

  withStatus(status: MemberStatus): SerfMember[] {
    return this.members().filter((member) => member.status === status);
  }

  /**
   * Leave intents to be told once more: their members are still there after all the time that a leave takes. A member whose refutation nobody
   * heard, or that never heard the intent itself (it was told of its time by a push/pull, say), would be held for leaving for ever. It hears the intent
   * again, and refutes it or goes. One of the reference's that took the intent's time for that of its own last word does neither: who is
   * then still there does not leave, and is shown as what it is.
   */
  overdueLeaves(): LeaveIntent[] {
    const nowMs = this.host.clock.monotonicMs();
    const overdue: LeaveIntent[] = [];
    for (const record of this.records.values()) {
      if (record.view.status !== "leaving" || nowMs < record.leaveDueMs) continue;
      const { name } = record.view;
      if (record.leaveToldAgain) {
        this.log("INFO", `${name} is still there, and does not leave`);
        this.show(record, { ...record.view, status: "alive" });
        continue;
      }
      record.leaveDueMs = nowMs + leaveRefutationMs;
      record.leaveToldAgain = true;
      overdue.push({ kind: "leave", lamportTime: record.statusTime, node: name, prune: false });
    }
    return overdue;
  }

  hasOthersAlive(): boolean {
    for (const { view } of this.records.values())
      if (view.status === "alive" && view.name !== this.node.name) return true;
    return false;
  }

  /** The Lamport time of every member's status, for a push/pull. */
  statusTimes(): Map<string, number> {
    const times = new Map<string, number>();
    for (const [name, record] of this.records) times.set(name, record.statusTime);
    return times;
  }

  // What memberlist says.

  memberJoined(member: Member): void {
    const known = this.records.get(member.name);
    const record = known ?? this.createRecord(member);
    if (known !== undefined) {
      this.countFlap(known);
      this.show(known, this.viewOf(member, "alive"));
      known.goneAtMs = undefined;
    }
    this.host.metrics.increment("serf.member.join");
    this.log("INFO", `EventMemberJoin: ${member.name} ${member.address}`);
    this.tell("member-join", record);
  }

  memberLeft(member: Member): void {
    const record = this.records.get(member.name);
    if (record === undefined) return;
    const status = decideDeparture(record.view.status, member.state === "left");
    if (status === undefined) {
      this.log("WARN", `Bad state when leave: ${record.view.status}`);
      return;
    }
    this.show(record, { ...record.view, status });
    record.goneAtMs = this.host.clock.monotonicMs();
    this.host.metrics.increment(`serf.member.${status}`);
    const event = status === "left" ? "EventMemberLeave" : "EventMemberFailed";
    this.log("INFO", `${event}: ${member.name} ${record.view.address}`);
    this.tell(status === "left" ? "member-leave" : "member-failed", record);
  }

  memberUpdated(member: Member): void {
    const record = this.records.get(member.name);
    if (record === undefined) return;
    this.show(record, this.viewOf(member, record.view.status));
    this.host.metrics.increment("serf.member.update");
    this.log("INFO", `EventMemberUpdate: ${member.name}`);
    this.tell("member-update", record);
  }

  // What intents say. Each returns true if the intent was news and is to be passed on.

  receiveLeaveIntent(intent: LeaveIntent): boolean {
    this.clock.witness(intent.lamportTime);
    const record = this.records.get(intent.node);
    if (record === undefined) return this.keepIntent("leave", intent);
    const aboutUsWhileAlive = intent.node === this.node.name && this.node.isStaying();
    const verdict = decideLeave(
      { status: record.view.status, statusTime: record.statusTime },
      intent.lamportTime,
      aboutUsWhileAlive,
    );
    if (verdict === "ignore") return false;
    if (verdict === "refute") {
      this.log("DEBUG", "Refuting an older leave intent");
      this.node.refuteLeave();
      return false;
    }
    record.statusTime = intent.lamportTime;
    if (verdict === "leaving") this.beginLeave(record);
    if (verdict === "left") this.applyForcedLeave(record);
    if (intent.prune) this.prune(record);
    return true;
  }

  receiveJoinIntent(intent: JoinIntent): boolean {
    this.clock.witness(intent.lamportTime);
    const record = this.records.get(intent.node);
    if (record === undefined) return this.keepIntent("join", intent);
    const verdict = decideJoin({ status: record.view.status, statusTime: record.statusTime }, intent.lamportTime);
    if (verdict === "ignore") return false;
    record.statusTime = intent.lamportTime;
    if (verdict === "alive") this.show(record, { ...record.view, status: "alive" });
    return true;
  }

  /**
   * The time of a status that a push/pull tells, of a member that has not left for the other side. Of this node it is later than its own last
   * word where somebody holds a leave against it that never came here as an intent (what a push/pull tells is not passed on). Taken over in
   * silence, that time would stand for ever, and the node be held for leaving: so it says once more, and later, that it is here.
   */
  receiveStatusTime(node: string, lamportTime: number): void {
    const own = node === this.node.name ? this.records.get(node) : undefined;
    if (own !== undefined && this.node.isStaying() && lamportTime > own.statusTime) {
      this.clock.witness(lamportTime);
      this.node.refuteLeave();
    } else this.receiveJoinIntent({ kind: "join", lamportTime, node });
  }

  // What time does.

  /** Forgets intents about unknown members, members that failed and members that left, each after its time. */
  reap(timeouts: ReapTimeouts): void {
    const nowMs = this.host.clock.monotonicMs();
    for (const record of this.records.values()) {
      if (record.goneAtMs === undefined || record.view.name === this.node.name) continue;
      const usualMs = record.view.status === "failed" ? timeouts.failedMs : timeouts.leftMs;
      const timeoutMs = timeouts.override?.(record.view, usualMs) ?? usualMs;
      // What is no number keeps the member: better one too many than one too few.
      if (!(nowMs - record.goneAtMs > timeoutMs)) continue;
      this.log("INFO", `EventMemberReap: ${record.view.name}`);
      this.erase(record);
    }
    this.recentIntents.reap(nowMs, timeouts.intentMs);
  }

  stop(): void {
    for (const timer of this.prunes.values()) timer.cancel();
    this.prunes.clear();
  }

  private createRecord(member: Member): MemberRecord {
    const intent = this.recentIntents.find(member.name);
    const status = intent?.kind === "leave" ? "leaving" : "alive";
    const record = {
      view: this.viewOf(member, status),
      statusTime: intent?.lamportTime ?? 0,
      goneAtMs: undefined,
      leaveDueMs: this.host.clock.monotonicMs() + leaveLimitMs,
      leaveToldAgain: false,
    };
    this.records.set(member.name, record);
    this.tellChange(member.name);
    return record;
  }

  private beginLeave(record: MemberRecord): void {
    this.show(record, { ...record.view, status: "leaving" });
    record.leaveDueMs = this.host.clock.monotonicMs() + leaveLimitMs;
    record.leaveToldAgain = false;
  }

  private viewOf(member: Member, status: MemberStatus): SerfMember {
    const decoded = decodeTags(member.meta);
    if (isRejected(decoded)) this.log("ERR", `Failed to decode tags: ${decoded.detail}`);
    return {
      name: member.name,
      address: member.address,
      port: member.port,
      tags: isRejected(decoded) ? {} : decoded.tags,
      status,
      versions: member.versions,
    };
  }

  private keepIntent(kind: "join" | "leave", intent: { readonly node: string; readonly lamportTime: number }): boolean {
    return this.recentIntents.keep(intent.node, kind, intent.lamportTime, this.host.clock.monotonicMs());
  }

  private countFlap(record: MemberRecord): void {
    if (record.view.status !== "failed" || record.goneAtMs === undefined) return;
    const goneForMs = this.host.clock.monotonicMs() - record.goneAtMs;
    if (goneForMs < this.times.flapTimeoutMs) this.host.metrics.increment("serf.member.flap");
  }

  /** A failed member is told to have left: nobody tries to reach it any more, and it is kept as long as one that left. */
  private applyForcedLeave(record: MemberRecord): void {
    this.show(record, { ...record.view, status: "left" });
    this.log("INFO", `EventMemberLeave (forced): ${record.view.name} ${record.view.address}`);
    this.tell("member-leave", record);
  }

  /**
   * Forgets a member for good; one that is still leaving gets the time to do so. The reference sleeps for that time with its
   * lock held, here it is a timer: should the member take its leave back meanwhile, it stays. As long as it is there it is not
   * forgotten: memberlist would have no cause to speak of it again.
   */
  private prune(record: MemberRecord): void {
    const { name, status } = record.view;
    if (name === this.node.name) return;
    if (status !== "leaving") {
      this.eraseForced(record);
      return;
    }
    if (!this.prunes.has(name)) this.pruneOnceGone(name);
  }

  private pruneOnceGone(name: string): void {
    const timer = this.host.timers.after(this.times.pruneDelayMs, () => {
      this.prunes.delete(name);
      const current = this.records.get(name);
      if (current?.view.status === "left") this.eraseForced(current);
      else if (current?.view.status === "leaving") this.pruneOnceGone(name);
    });
    this.prunes.set(name, timer);
  }

  private eraseForced(record: MemberRecord): void {
    this.log("INFO", `EventMemberReap (forced): ${record.view.name} ${record.view.address}`);
    this.erase(record);
  }

  private erase(record: MemberRecord): void {
    const { name } = record.view;
    assert(name !== this.node.name, "the local member is never erased");
    this.prunes.get(name)?.cancel();
    this.prunes.delete(name);
    this.records.delete(name);
    this.tellChange(name);
    this.node.erased(name);
    this.tell("member-reap", record);
  }

  private show(record: MemberRecord, view: SerfMember): void {
    record.view = view;
    this.tellChange(view.name);
  }

  private tell(kind: MemberEventKind, record: MemberRecord): void {
    this.node.tell({ kind, members: [record.view] });
  }

  private log(level: "DEBUG" | "INFO" | "WARN" | "ERR", text: string): void {
    this.host.logger.log(level, `serf: ${text}`);
  }
}
