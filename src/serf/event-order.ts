import type { Clock, Timer, Timers } from "../base/host.ts";

export interface EventOrderOptions {
  /** How long an event waits for those before it, at most. 0: none waits. */
  readonly waitMs: number;
  /** An event so many Lamport times ahead of what was told last waits for nothing before that. */
  readonly window: number;
}

/** So many may wait; one more, and none waits any longer. */
const heldMax = 16_384;
/** In a burst, the time in which what a lost packet brought has been sent again. */
const burstWaitMs = 45;
/** So many events within so long are a burst. */
const burstEvents = 16;
const burstMs = 50;
/** How often to look, in a burst, what has waited for long enough. */
const burstTickMs = 10;
/** Two events of one time, or one that comes late, show that several nodes send at once; that is like a burst for so long. */
const sharedForMs = 1_000;

interface Held<T> {
  readonly sinceMs: number;
  /** None where the event of that time was told ahead of others. */
  readonly events: T[];
}

/**
 * Brings events into the order of their Lamport times. An event waits while a time before it has not been heard of, since its event may be
 * on its way still: sent again because a packet was lost, or pulled from a peer. It does not wait for ever, because a time may have had no event.
 * What arrives later still is told late rather than never. When several nodes send at once their events share times, so that one can be missing
 * from a time that is known: therefore every event of a burst waits a moment.
 */
export class EventOrder<T> {
  private readonly options: EventOrderOptions;
  private readonly clock: Clock;
  private readonly timers: Timers;
  private readonly deliver: (event: T) => void;
  /** By Lamport time, in the order of arrival. */
  private readonly held = new Map<number, Held<T>>();
  /** Those of them whose turn was over when they came: they go at the latest before the next one that has its turn. */
  private readonly late = new Set<number>();
  /** Events from here on wait for those before them. Undefined until the first: what was before is not this node's business. */
  private nextTime: number | undefined;
  private hurryUntilMs = Number.NEGATIVE_INFINITY;
  /** The highest time so far. */
  private highest = 0;
  /** Since `countedSinceMs`. */
  private counted = 0;
  private countedSinceMs = 0;
  private timer: Timer | undefined;
  private timerDueMs = 0;

  constructor(options: EventOrderOptions, clock: Clock, timers: Timers, deliver: (event: T) => void) {
    this.options = options;
    this.clock = clock;
    this.timers = timers;
    this.deliver = deliver;
  }

  /** How many Lamport times wait for others. */
  get heldCount(): number {
    return this.held.size;
  }

  /** Delivers the event when its time has come; with `ahead` now, whatever else is missing. */
  take(time: number, event: T, ahead: boolean): void {
    const nowMs = this.clock.monotonicMs();
    this.nextTime ??= time;
    const { held } = this;
    this.noteHurry(nowMs, time, time < this.nextTime || held.has(time));
    if (this.options.waitMs === 0) {
      this.deliver(event);
      return;
    }
    // The next one, and none waits: as nearly all are that do not come in a burst.
    if (held.size === 0 && time === this.nextTime && nowMs >= this.hurryUntilMs) {
      this.nextTime = time + 1;
      this.deliver(event);
      return;
    }
    const there = held.get(time) ?? { sinceMs: nowMs, events: [] };
    held.set(time, there);
    if (time < this.nextTime) this.late.add(time);
    if (!ahead) there.events.push(event);
    if (time - this.nextTime > this.options.window) this.waitNoLonger(time - this.options.window);
    if (held.size > heldMax) this.flush();
    if (ahead) this.deliver(event);
    this.release();
  }

  /** Nothing more is to be waited for from before that time. */
  settleBefore(time: number): void {
    if (this.nextTime !== undefined && time <= this.nextTime) return;
    this.waitNoLonger(time);
    this.release();
  }

  /** Delivers what waits. */
  flush(): void {
    this.waitNoLonger(Math.max(...this.held.keys()) + 1);
    this.timer?.cancel();
    this.timer = undefined;
  }

  /** Times that are passed over count as events: a packet full of them may be lost, and events of another member with the same times arrive. */
  private noteHurry(nowMs: number, time: number, isShared: boolean): void {
    const passed = time - Math.max(this.highest, (this.nextTime ?? time) - 1);
    this.highest = Math.max(this.highest, time);
    if (nowMs - this.countedSinceMs > burstMs) {
      this.countedSinceMs = nowMs;
      this.counted = 0;
    }
    this.counted += passed > 0 && passed <= this.options.window ? passed : 1;
    const forMs = isShared ? sharedForMs : this.counted > burstEvents ? burstMs : 0;
    this.hurryUntilMs = Math.max(this.hurryUntilMs, nowMs + forMs);
  }

  /** Delivers what waits from before that time, in order. */
  private waitNoLonger(time: number): void {
    const { held } = this;
    if (this.nextTime === undefined || time > this.nextTime) this.nextTime = time;
    if (held.size > 0) this.deliverUpTo(time - 1);
  }

  private deliverUpTo(time: number): void {
    if (time < 0) return;
    const due = [...this.held.keys()].filter((one) => one <= time).sort((a, b) => a - b);
    for (const one of due) this.deliverTime(one);
  }

  /** The highest time, below `before`, of what waits since then or for longer; -1 if there is none. */
  private latestSince(waitsSinceMs: number, before: number): number {
    let latest = -1;
    for (const [time, { sinceMs }] of this.held) {
      if (sinceMs > waitsSinceMs) break;
      if (time < before) latest = Math.max(latest, time);
    }
    return latest;
  }

  /** Delivers what has waited for long enough and whose turn it is, or was. */
  private release(): void {
    const nowMs = this.clock.monotonicMs();
    const sinceMs = nowMs < this.hurryUntilMs ? nowMs - burstWaitMs : nowMs;
    this.deliverUpTo(this.latestSince(sinceMs, this.nextTime ?? 0));
    for (;;) {
      const time = this.nextTime;
      const next = time === undefined ? undefined : this.held.get(time);
      if (time === undefined || next === undefined || next.sinceMs > sinceMs) break;
      // First, since whoever is told may send an event.
      this.nextTime = time + 1;
      for (const one of [...this.late].sort((a, b) => a - b)) this.deliverTime(one);
      this.deliverTime(time);
    }
    this.arm();
  }

  private deliverTime(time: number): void {
    const { held } = this;
    const events = held.get(time)?.events ?? [];
    held.delete(time);
    this.late.delete(time);
    for (const event of events) this.deliver(event);
  }

  private arm(): void {
    const first = this.held.values().next().value;
    if (first === undefined) return;
    const nowMs = this.clock.monotonicMs();
    const isHurry = nowMs < this.hurryUntilMs + burstWaitMs;
    const dueMs = isHurry ? nowMs + burstTickMs : first.sinceMs + this.options.waitMs;
    if (this.timer !== undefined && this.timerDueMs <= dueMs) return;
    this.timer?.cancel();
    this.timerDueMs = dueMs;
    this.timer = this.timers.after(Math.max(1, dueMs - nowMs), () => this.handleTimeout());
  }

  private handleTimeout(): void {
    this.timer = undefined;
    const latest = this.latestSince(this.clock.monotonicMs() - this.options.waitMs, Number.POSITIVE_INFINITY);
    if (latest >= 0) this.waitNoLonger(latest + 1);
    this.release();
  }
}
