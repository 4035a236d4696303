import type { Random } from "../base/host.ts";

/** By what a process was woken. */
export type TurnCause = "packet" | "stream" | "timer";

/** Called after a process has dealt with something: whoever watches may look at it now. */
export type TurnListener = (cause: TurnCause) => void;

interface Held {
  readonly cause: TurnCause;
  readonly action: () => void;
}

/**
 * One process: it takes what arrives and what is due, one thing at a time. While it is paused (stopped by a signal, swapped out, collecting
 * garbage) everything waits, packets in a bounded buffer; then it all comes at once.
 */
export class SimulatedProcess {
  /** Of packets that wait for a paused process; more are dropped, as by a kernel. The reference asks for 2 MiB. */
  receiveBufferBytes = 2 * 1024 * 1024;
  /** Packets that found the buffer full. */
  droppedCount = 0;
  listener: TurnListener | undefined;
  /** What woke it to what it is doing now; undefined while it is idle. */
  cause: TurnCause | undefined;
  private readonly random: Random;
  private dead = false;
  private paused = false;
  private stalled = false;
  private departures: (() => void)[] = [];
  private timers: Held[] = [];
  private arrivals: Held[] = [];
  private heldPacketBytes = 0;
  private heldStreamBytes = 0;

  constructor(random: Random) {
    this.random = random;
  }

  get isDead(): boolean {
    return this.dead;
  }

  get isStalled(): boolean {
    return this.stalled;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /** What streams have delivered and a paused process has not read. */
  get unreadBytes(): number {
    return this.heldStreamBytes;
  }

  /** For what is frequent: true if it may be done now, and then `ended` is to be called after it; otherwise `hold` is for it. */
  begins(cause: TurnCause): boolean {
    if (this.dead || this.paused || (this.stalled && cause !== "timer")) return false;
    this.cause = cause;
    return true;
  }

  ended(cause: TurnCause): void {
    this.listener?.(cause);
    this.cause = undefined;
  }

  /** Has the process do something: now, or when it goes on. */
  take(cause: TurnCause, action: () => void, bytes = 0): void {
    if (!this.begins(cause)) {
      this.hold(cause, action, bytes);
      return;
    }
    action();
    this.ended(cause);
  }

  hold(cause: TurnCause, action: () => void, bytes = 0): void {
    if (this.dead) return;
    if (cause === "timer") {
      this.timers.push({ cause, action });
      return;
    }
    if (cause === "stream") this.heldStreamBytes += bytes;
    else if (this.heldPacketBytes + bytes > this.receiveBufferBytes) {
      this.droppedCount++;
      return;
    } else this.heldPacketBytes += bytes;
    this.arrivals.push({ cause, action });
  }

  /** Does this at once, or when messages flow again. */
  depart(action: () => void): void {
    if (this.stalled) this.departures.push(action);
    else action();
  }

  /** Its messages stand still, those that come and those that go, as in a process whose threads for input and output get no time; its timers go on. */
  stall(): void {
    this.stalled = !this.dead;
  }

  pause(): void {
    this.paused = !this.dead;
  }

  /** Goes on with all that waited. Whether it looks at its timers or at the network first is up to the seed: either is seen. */
  resume(): void {
    if (!this.paused && !this.stalled) return;
    this.paused = false;
    this.stalled = false;
    const { timers, arrivals, departures } = this;
    this.timers = [];
    this.arrivals = [];
    this.departures = [];
    for (const depart of departures) depart();
    this.heldPacketBytes = 0;
    this.heldStreamBytes = 0;
    const timersFirst = this.random.fraction() < 0.5;
    for (const { cause, action } of timersFirst ? [...timers, ...arrivals] : [...arrivals, ...timers])
      this.take(cause, action);
  }

  die(): void {
    this.dead = true;
    this.paused = false;
    this.stalled = false;
    this.timers = [];
    this.arrivals = [];
    this.departures = [];
  }
}
