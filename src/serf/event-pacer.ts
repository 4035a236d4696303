import { SerfError } from "../base/errors.ts";
import type { Host, Timer } from "../base/host.ts";
import type { EventRate } from "./event-rate.ts";

/** Sent at once after a pause: some packets full. */
const tokensMax = 64;
/** A packet's worth of usual events: leaving them together costs a millisecond or two and saves most packets. */
const batch = 16;

export interface EventPacerOptions {
  /** How many events may wait; one more is refused. */
  readonly waitingMax: number;
  /** Whether another can be taken now, besides the rate: false while what was taken last has not left. */
  hasRoom(): boolean;
}

/** An event on its way out. */
export interface PacedEvent {
  /** Throws if `send` would: asked of an event that has to wait. */
  check(): void;
  send(): void;
}

interface Waiting {
  readonly event: PacedEvent;
  done(error?: SerfError): void;
}

/** Tells a caller that its event was sent, or why it was not. */
export type EventAccepted = (error?: SerfError) => void;

/** Lets user events out at the rate that the cluster can take, in the order in which they came; whoever is too fast waits. */
export class EventPacer {
  private readonly options: EventPacerOptions;
  private readonly rate: EventRate;
  private readonly host: Host;
  private waiting: Waiting[] = [];
  /** Of these, from the first on. */
  private taken = 0;
  private tokens = tokensMax;
  private asOfMs: number;
  private timer: Timer | undefined;

  constructor(options: EventPacerOptions, rate: EventRate, host: Host) {
    this.options = options;
    this.rate = rate;
    this.host = host;
    this.asOfMs = host.clock.monotonicMs();
  }

  get waitingCount(): number {
    return this.waiting.length - this.taken;
  }

  /**
   * Sends the event when it is its turn, now if it can, and then calls `done`, with what `send` threw if that was later. Throws
   * TOO_MANY_USER_EVENTS, and what `check` and `send` throw.
   */
  admit(event: PacedEvent, done: EventAccepted): void {
    if (this.waitingCount === 0 && this.takeToken()) {
      event.send();
      this.refill(1);
      this.rate.noteOwn();
      done();
      return;
    }
    event.check();
    const { waitingMax } = this.options;
    if (this.waitingCount >= waitingMax)
      throw new SerfError(
        "TOO_MANY_USER_EVENTS",
        `${waitingMax} user events wait to be sent already, at about ${Math.round(this.rate.current())} a second`,
      );
    this.waiting.push({ event, done });
    this.arm();
  }

  /** Those that wait are not sent; whoever wanted that hears the reason. */
  refuseWaiting(reason: SerfError): void {
    this.timer?.cancel();
    this.timer = undefined;
    const refused = this.waiting.slice(this.taken);
    this.waiting = [];
    this.taken = 0;
    for (const { done } of refused) done(reason);
  }

  private arm(): void {
    if (this.timer !== undefined) return;
    const wanted = Math.min(batch, this.waitingCount) - this.tokens;
    const delayMs = Math.max(1, (wanted / this.rate.current()) * 1000);
    this.timer = this.host.timers.after(delayMs, () => this.drain());
  }

  private drain(): void {
    this.timer = undefined;
    while (this.waitingCount > 0 && this.takeToken()) {
      const { event, done } = this.waiting[this.taken]!;
      this.taken += 1;
      const failure = failureOf(event);
      if (failure === undefined) this.rate.noteOwn();
      done(failure);
    }
    // Shifting each out by itself would move all the others.
    this.waiting = this.waiting.slice(this.taken);
    this.taken = 0;
    if (this.waiting.length > 0) this.arm();
  }

  private takeToken(): boolean {
    if (this.tokens < 1) this.refill();
    if (this.tokens < 1 || !this.options.hasRoom()) return false;
    this.tokens -= 1;
    return true;
  }

  /** After an event rather than before it, if that can be: the rate takes a look at all members, and an event after a pause need not wait for that. */
  private refill(taken = 0): void {
    const nowMs = this.host.clock.monotonicMs();
    const perSecond = this.rate.current();
    this.tokens = Math.min(tokensMax - taken, this.tokens + ((nowMs - this.asOfMs) / 1000) * perSecond);
    this.asOfMs = nowMs;
  }
}

function failureOf(event: PacedEvent): SerfError | undefined {
  try {
    event.send();
    return undefined;
  } catch (error) {
    if (error instanceof SerfError) return error;
    throw error;
  }
}
