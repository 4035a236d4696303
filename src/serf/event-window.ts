import type { Host, Timer } from "../base/host.ts";

/** What the window needs of the node it belongs to. */
export interface EventWindowNode {
  /** The clock of user events. */
  time(): number;
  /** The members that forget an event when the clock is 512 times further. */
  forgetful(): readonly string[];
  /** Exchanges everything with that member. Calls `done` once, later, with whether that succeeded; false if it cannot. */
  exchange(name: string, done: (succeeded: boolean) => void): boolean;
}

/** The clock may be so far ahead of what all have been brought by a stream. The rest of 512 is for events of others that are on their way. */
const timesAhead = 448;
/** A round of exchanges begins when the clock moved by so much since the last one. */
const timesPerRound = 192;
/** The clock moving by so much in so short a time is too fast for gossip, which may need some 300 ms to repair what was lost. */
const fastTimes = 256;
const fastMs = 400;
/** More are not served: exchanges with each would take all the time there is. */
const membersMax = 16;
/** The rest of a burst is exchanged so long after its last event. */
const quietMs = 60;
const tickMs = 20;
/**
 * Where others of a round have answered, a member is waited for so long; then it is left out for a while, since it may have been stopped. Where none has,
 * all lack time, or this node does, and it is the stream's timeout that counts.
 */
const patienceMs = 2_000;
const leftOutMs = 15_000;

/**
 * Holds a burst of this node's events back so far that members of other implementations do not forget what they missed before they have it. Packets
 * may be lost, whatever the pace; so while events leave fast, everything is exchanged with each such member over a stream, again and again, and the clock
 * does not run further ahead of the last exchange than they remember.
 */
export class EventWindow {
  private readonly node: EventWindowNode;
  private readonly host: Host;
  private timer: Timer | undefined;
  private stopped = false;
  private isFast = false;
  /** Where the clock was then, to tell whether it is fast. */
  private markMs = Number.NEGATIVE_INFINITY;
  private markTime = 0;
  private lastOwnMs = 0;
  /** This node's events before that time have been, or are being, brought to all. */
  private begunBefore = 0;
  private doneBefore = 0;
  private roundSinceMs = 0;
  private readonly awaited = new Set<string>();
  private answered = 0;
  private readonly leftOutUntilMs = new Map<string, number>();

  constructor(node: EventWindowNode, host: Host) {
    this.node = node;
    this.host = host;
  }

  /** Whether another event may leave. */
  get isOpen(): boolean {
    return !this.isFast || this.node.time() - this.doneBefore < timesAhead;
  }

  /** An event of this node left. */
  noteOwn(): void {
    const nowMs = this.host.clock.monotonicMs();
    const time = this.node.time();
    this.lastOwnMs = nowMs;
    if (!this.isFast) this.isFast = this.isTooFast(nowMs, time);
    if (this.isFast) this.proceed(nowMs);
  }

  stop(): void {
    this.stopped = true;
    this.isFast = false;
    this.timer?.cancel();
    this.timer = undefined;
  }

  private isTooFast(nowMs: number, time: number): boolean {
    if (nowMs - this.markMs > fastMs) {
      this.markMs = nowMs;
      this.markTime = time;
    }
    if (time - this.markTime < fastTimes || this.stopped) return false;
    this.begunBefore = this.markTime;
    this.doneBefore = this.markTime;
    return true;
  }

  private proceed(nowMs: number): void {
    const unsent = this.node.time() - this.begunBefore;
    const isQuiet = nowMs - this.lastOwnMs >= quietMs;
    if (this.awaited.size === 0 && (unsent >= timesPerRound || (isQuiet && unsent > 0))) this.begin(nowMs);
    else if (this.awaited.size === 0 && isQuiet) this.isFast = false;
    if (this.isFast) this.timer ??= this.host.timers.after(tickMs, () => this.handleTick());
  }

  private handleTick(): void {
    this.timer = undefined;
    // It came to rest since: a round that began now would be forgotten by the next burst, which would wait for it.
    if (!this.isFast) return;
    const nowMs = this.host.clock.monotonicMs();
    if (this.awaited.size > 0 && this.answered > 0 && nowMs - this.roundSinceMs >= patienceMs) {
      for (const name of this.awaited) this.leftOutUntilMs.set(name, nowMs + leftOutMs);
      this.end();
    }
    this.proceed(nowMs);
  }

  private begin(nowMs: number): void {
    this.begunBefore = this.node.time();
    this.roundSinceMs = nowMs;
    this.answered = 0;
    for (const [name, untilMs] of this.leftOutUntilMs) if (untilMs <= nowMs) this.leftOutUntilMs.delete(name);
    const members = this.node.forgetful();
    const served = members.length > membersMax ? [] : members.filter((name) => !this.leftOutUntilMs.has(name));
    const round = this.begunBefore;
    for (const name of served) {
      this.awaited.add(name);
      if (!this.node.exchange(name, (succeeded) => this.exchanged(name, round, succeeded))) this.awaited.delete(name);
      else this.host.metrics.increment("serf.events.visits");
    }
    if (this.awaited.size === 0) this.end();
  }

  private exchanged(name: string, round: number, succeeded: boolean): void {
    // Not one that was given up.
    if (this.stopped || round !== this.begunBefore || !this.awaited.delete(name)) return;
    const nowMs = this.host.clock.monotonicMs();
    if (succeeded) this.answered += 1;
    else this.leftOutUntilMs.set(name, nowMs + leftOutMs);
    if (this.awaited.size > 0) return;
    this.end();
    this.proceed(nowMs);
  }

  private end(): void {
    this.awaited.clear();
    this.doneBefore = this.begunBefore;
  }
}
