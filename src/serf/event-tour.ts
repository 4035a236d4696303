import type { Host, Timer } from "../base/host.ts";

/** What the tour needs of the node it belongs to. */
export interface EventTourNode {
  /** The clock of user events. */
  time(): number;
  /** The members that this node is to ask, in an order that lasts, and how many members there are in all. */
  members(): { readonly toAsk: readonly string[]; readonly count: number };
  /** Exchanges everything with that member. Calls `done` once, later; false if it cannot. */
  exchange(name: string, done: () => void): boolean;
}

/** So many events of others within a second are a flow. Of fewer, the usual push/pulls come round before anything is forgotten. */
const flowEvents = 32;
const flowMs = 1_000;
/** A member that pulls nothing can tell the events of so many Lamport times. */
const rememberedTimes = 512;
/** The share of that in which each is to be asked: an exchange takes a while, and may fail. */
const share = 0.6;
const intervalMinMs = 500;
const intervalMaxMs = 5_000;
/** What is exchanged grows with the cluster: with more members than this the shortest interval does, too. */
const membersForMin = 64;

/**
 * While user events flow, asks the members that pull nothing themselves, before they forget them. An event that began at one of those may have been
 * lost on each of its ways to a node of this kind, and then none of these can have it from another. They share the work; and after the last event each
 * member is asked once more.
 */
export class EventTour {
  private readonly node: EventTourNode;
  private readonly host: Host;
  private timer: Timer | undefined;
  private exchanging = false;
  private stopped = false;
  private turn = 0;
  /** So many visits are left until everybody was asked after the last flow. */
  private visitsLeft = 0;
  /** Of the second that began then, at that Lamport time. */
  private sinceMs = Number.NEGATIVE_INFINITY;
  private sinceTime = 0;
  private counted = 0;
  private lastVisitMs = Number.NEGATIVE_INFINITY;

  constructor(node: EventTourNode, host: Host) {
    this.node = node;
    this.host = host;
  }

  /** An event of another member was heard. */
  noteEvent(): void {
    const nowMs = this.host.clock.monotonicMs();
    if (nowMs - this.sinceMs >= flowMs) {
      this.sinceMs = nowMs;
      this.sinceTime = this.node.time();
      this.counted = 0;
    }
    this.counted += 1;
    if (this.counted % flowEvents !== 0 || this.stopped) return;
    this.visitsLeft = this.node.members().toAsk.length;
    this.proceed();
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private proceed(): void {
    if (this.timer !== undefined || this.exchanging || this.visitsLeft === 0 || this.stopped) return;
    const { clock, timers } = this.host;
    const delayMs = this.lastVisitMs + this.intervalMs() - clock.monotonicMs();
    this.timer = timers.after(Math.max(0, delayMs), () => this.visit());
  }

  private visit(): void {
    this.timer = undefined;
    this.visitsLeft -= 1;
    this.lastVisitMs = this.host.clock.monotonicMs();
    const { toAsk } = this.node.members();
    const name = toAsk[this.turn++ % Math.max(1, toAsk.length)];
    if (name !== undefined) {
      this.exchanging = this.node.exchange(name, () => {
        this.exchanging = false;
        this.proceed();
      });
      if (this.exchanging) this.host.metrics.increment("serf.events.visits");
    }
    this.proceed();
  }

  /** A random part of it either way, so that nodes which heard of the same events do not all ask at once. */
  private intervalMs(): number {
    const { clock, random } = this.host;
    const { toAsk, count } = this.node.members();
    const passedMs = Math.max(1, clock.monotonicMs() - this.sinceMs);
    const timesPerMs = Math.max(1, this.node.time() - this.sinceTime) / passedMs;
    const wantedMs = (share * rememberedTimes) / timesPerMs / Math.max(1, toAsk.length);
    const minMs = intervalMinMs * Math.max(1, count / membersForMin);
    return Math.max(minMs, Math.min(intervalMaxMs, wantedMs)) * (0.75 + 0.5 * random.fraction());
  }
}

/** The part of `members` that `self` is to take care of, where all of `helpers` divide them without a word: the same at each that knows the same. */
export function ownPart(members: readonly string[], helpers: readonly string[], self: string): readonly string[] {
  const place = [...helpers].sort().indexOf(self);
  return [...members].sort().filter((_, index) => index % helpers.length === place);
}
