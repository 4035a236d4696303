import { FadingMaximum } from "../base/fading-maximum.ts";
import type { Host, Timer } from "../base/host.ts";

/** What the repair needs of the node it belongs to. */
export interface EventRepairNode {
  /** The clock of user events. */
  time(): number;
  /** The first Lamport time that has passed and of which nothing was heard. */
  firstHole(): number | undefined;
  /** Missing times are given up: nobody asked has an event of theirs. */
  giveUpHoles(): void;
  /** Exchanges everything with some peer. Calls `done` once, later, with whether that succeeded; false if there is nobody to ask. */
  exchange(done: (succeeded: boolean) => void): boolean;
}

/** A hole is given so long to be filled by what is on its way, at least, and up to twice as long so that nodes do not all ask at once. */
const patienceMs = 150;
/** After a burst, so long after its last event, and up to twice as long. */
const quietMs = 300;
/**
 * Where what was missing came by gossip later than that, after all, or a burst comes in portions so far apart, members lack time, or their network does. To ask then takes still more of it, and for nothing: all who
 * are late would ask somebody once a second. They are given twice as long, up to so much, for as long as it takes that to fade.
 */
const lateFactor = 2;
const patienceMaxMs = 1_000;
const lateHalfLifeMs = 3_000;
/** What comes so much later belongs to another burst. */
const portionGapMaxMs = 5_000;
/** In a burst that goes on; sooner where the last exchange brought what gossip had had a second to bring. */
const burstCheckMs = 5_000;
const lossyCheckMs = 1_500;
/** So many events of others within a second are a burst, in which events may be missing without a hole: several nodes use the same times. */
const burstEvents = 32;
/** Between two exchanges, at least. */
const intervalMs = 1_000;
/** Exchanges that brought nothing, after which a hole is taken for a time without an event. */
const vainMax = 4;
/** Exchanges that failed, or for which there was nobody, after which it is given up likewise: they say nothing of the hole, but may go on for ever. */
const failedMax = 30;
/**
 * Whoever has not answered by then may be cut off or stopped, and another is asked. What it says later is heard nevertheless. The stream's own timeout
 * is several times as long.
 */
const answerMs = 2_000;

/**
 * Notices that user events may be missing, and asks a peer: when a Lamport time has passed of which nothing was heard, and
 * after bursts. Goes on until an exchange brings nothing new; once a second at most.
 */
export class EventRepair {
  private readonly node: EventRepairNode;
  private readonly host: Host;
  private timer: Timer | undefined;
  /** For the answer of the exchange that is under way. */
  private patience: Timer | undefined;
  private dueMs = 0;
  /** The hole that the timer was started for, and since when it has been. */
  private awaited: number | undefined;
  private awaitedSinceMs = 0;
  private readonly lateness: FadingMaximum;
  private exchanging = false;
  private stopped = false;
  private vain = 0;
  private failed = 0;
  /** Numbers exchanges, to know one that was given up. */
  private turn = 0;
  private lastExchangeMs = Number.NEGATIVE_INFINITY;
  /** Of the second that began then, at that Lamport time. */
  private countedSinceMs = 0;
  private countedSinceTime = 0;
  /** Events before that time are a second old at least. */
  private oldBefore = 0;
  private foundOld = false;
  private counted = 0;
  /** Of the second before. */
  private countedBefore = 0;
  private lastNewsMs = 0;
  /** A burst, or an exchange that brought something, has not been followed by an exchange that brought nothing. */
  private doubtful = false;

  constructor(node: EventRepairNode, host: Host) {
    this.node = node;
    this.host = host;
    this.lateness = new FadingMaximum(host.clock, lateHalfLifeMs);
  }

  /** Whether the next push/pull should ask for what is missing. */
  get isAsking(): boolean {
    return this.exchanging;
  }

  /** An event came that was news: by gossip, or brought by an exchange. */
  noteNews(lamportTime: number, byExchange: boolean): void {
    if (byExchange) {
      if (this.exchanging) {
        this.doubtful = true;
        if (lamportTime < this.oldBefore && !this.isLate) this.foundOld = true;
      }
      this.vain = 0;
      this.failed = 0;
    } else {
      this.count();
      if (lamportTime === this.awaited) this.noteLate(this.lastNewsMs - this.awaitedSinceMs);
    }
    this.consider();
  }

  /** The clock moved on, or an exchange ended. */
  consider(): void {
    if (this.stopped || this.exchanging) return;
    if (this.node.firstHole() !== undefined) this.schedule(this.patient(patienceMs));
    else if (this.doubtful) this.schedule(this.patient(quietMs));
  }

  stop(): void {
    this.stopped = true;
    this.timer?.cancel();
    this.timer = undefined;
    this.patience?.cancel();
  }

  private count(): void {
    const nowMs = this.host.clock.monotonicMs();
    const gapMs = nowMs - this.lastNewsMs;
    if (this.isBurst && gapMs < portionGapMaxMs) this.noteLate(gapMs);
    this.lastNewsMs = nowMs;
    if (nowMs - this.countedSinceMs > 1_000) {
      this.countedSinceMs = nowMs;
      this.countedBefore = this.counted;
      this.counted = 0;
      this.oldBefore = this.countedSinceTime;
      this.countedSinceTime = this.node.time();
    }
    this.counted += 1;
    if (this.counted >= burstEvents) this.doubtful = true;
  }

  /** A check already due stays, unless this one is due sooner. */
  private schedule(delayMs: number): void {
    const { clock, random, timers } = this.host;
    const nowMs = clock.monotonicMs();
    const dueMs = Math.max(nowMs + delayMs * (1 + random.fraction()), this.lastExchangeMs + intervalMs);
    if (this.timer !== undefined && this.dueMs <= dueMs) return;
    this.timer?.cancel();
    this.dueMs = dueMs;
    const hole = this.node.firstHole();
    if (hole !== this.awaited) this.awaitedSinceMs = nowMs;
    this.awaited = hole;
    this.timer = timers.after(dueMs - nowMs, () => this.check());
  }

  private check(): void {
    this.timer = undefined;
    const nowMs = this.host.clock.monotonicMs();
    const hole = this.node.firstHole();
    // Another hole than the one that the timer was started for has its own time to be filled.
    if (hole !== undefined && hole === this.awaited) this.begin(nowMs);
    else if (this.doubtful && (!this.isInBurst(nowMs) || nowMs - this.lastExchangeMs >= this.burstCheckMs()))
      this.begin(nowMs);
    else this.consider();
  }

  private burstCheckMs(): number {
    return this.foundOld ? lossyCheckMs : burstCheckMs;
  }

  /** What was sent a moment ago is on its way still. */
  private isInBurst(nowMs: number): boolean {
    return this.isBurst && nowMs - this.lastNewsMs < this.patient(quietMs);
  }

  private get isBurst(): boolean {
    return Math.max(this.counted, this.countedBefore) >= burstEvents;
  }

  private noteLate(ms: number): void {
    if (ms > patienceMs) this.lateness.note(ms);
  }

  /** Gossip needs about as long as the times here take for granted, or longer. */
  private get isLate(): boolean {
    return this.lateness.current * lateFactor >= patienceMaxMs;
  }

  private patient(leastMs: number): number {
    return Math.max(leastMs, Math.min(patienceMaxMs, this.lateness.current * lateFactor));
  }

  private begin(nowMs: number): void {
    this.lastExchangeMs = nowMs;
    this.exchanging = true;
    this.doubtful = false;
    this.foundOld = false;
    const { metrics, timers } = this.host;
    const turn = ++this.turn;
    const begun = this.node.exchange((succeeded) => this.ended(turn, succeeded));
    if (begun) {
      metrics.increment("serf.events.pulls");
      this.patience = timers.after(answerMs, () => this.ended(turn, false));
    } else this.ended(turn, false);
  }

  private ended(turn: number, succeeded: boolean): void {
    if (turn !== this.turn || !this.exchanging) return;
    this.exchanging = false;
    this.patience?.cancel();
    if (this.stopped) return;
    if (succeeded) {
      this.vain += 1;
      this.failed = 0;
    } else {
      this.doubtful = true;
      this.failed += 1;
    }
    if (this.vain >= vainMax || this.failed >= failedMax) {
      this.vain = 0;
      this.failed = 0;
      this.doubtful = false;
      this.node.giveUpHoles();
    }
    this.consider();
  }
}
