import type { Host, Timer } from "../base/host.ts";

/** When the events of a burst are sent again, after they were sent first. */
const againAfterMs = [10, 30] as const;
/** More events than this within the time below are a burst. Fewer are repaired by the usual gossip, which has room for them. */
const burstEvents = 16;
const burstMs = 50;
/** In a burst so much is put together, at most, to share packets. */
const collectMs = 2;
/** So many are collected at most. More come together only where this node gets too little CPU: then they would be accepted in seconds in which none leaves. */
const collectedMax = 64;
/** How often to look what is to be sent again, for the same reason. */
const tickMs = 5;

interface Sent {
  readonly message: Uint8Array;
  readonly atMs: number;
}

export interface EventOutboxTarget {
  /** The event leaves for the first time. */
  send(message: Uint8Array): void;
  sendAgain(message: Uint8Array): void;
}

/**
 * The last station of this node's events. In a burst it fills packets, and sends each event again: a little later, when whatever lost it is perhaps
 * over, and soon enough for members that forget an event once the clock is far ahead of it.
 */
export class EventOutbox {
  private readonly host: Host;
  private readonly target: EventOutboxTarget;
  private collected: Uint8Array[] = [];
  private collectTimer: Timer | undefined;
  private sent: Sent[] = [];
  /** How many of them, from the first on, were sent again how often: at least once, and as often as is planned. */
  private readonly repeated = againAfterMs.map(() => 0);
  private repeatTimer: Timer | undefined;

  constructor(host: Host, target: EventOutboxTarget) {
    this.host = host;
    this.target = target;
  }

  /** False while so much has been put in that it should leave first. */
  get hasRoom(): boolean {
    return this.collected.length < collectedMax;
  }

  put(message: Uint8Array): void {
    const atMs = this.host.clock.monotonicMs();
    this.sent.push({ message, atMs });
    if (this.repeatTimer === undefined) {
      while (this.sent[0]!.atMs < atMs - burstMs) this.sent.shift();
      if (this.sent.length <= burstEvents) {
        this.target.send(message);
        return;
      }
      this.awaitRepeat();
    }
    this.collected.push(message);
    this.collectTimer ??= this.host.timers.after(collectMs, () => this.sendCollected());
  }

  /** What was put in has been sent once when this returns. */
  stop(): void {
    this.collectTimer?.cancel();
    this.sendCollected();
    this.repeatTimer?.cancel();
    this.repeatTimer = undefined;
    this.sent = [];
    this.repeated.fill(0);
  }

  private sendCollected(): void {
    this.collectTimer = undefined;
    for (const message of this.collected.splice(0)) this.target.send(message);
  }

  private awaitRepeat(): void {
    this.repeatTimer = this.host.timers.after(tickMs, () => this.repeat());
  }

  private repeat(): void {
    this.repeatTimer = undefined;
    const nowMs = this.host.clock.monotonicMs();
    // The last copies first: what is late for both of its own is sent once. Two copies at one moment repair no more than one, and who is so late gets too little
    // CPU, as those do, as a rule, who would have to take them.
    for (const [round, afterMs] of [...againAfterMs.entries()].reverse()) {
      let next = Math.max(this.repeated[round]!, this.repeated[round + 1] ?? 0);
      for (; next < this.sent.length && this.sent[next]!.atMs <= nowMs - afterMs; next++)
        this.target.sendAgain(this.sent[next]!.message);
      this.repeated[round] = next;
    }
    const done = this.repeated.at(-1)!;
    this.sent.splice(0, done);
    for (const round of againAfterMs.keys()) this.repeated[round]! -= done;
    if (this.sent.length > 0) this.awaitRepeat();
  }
}
