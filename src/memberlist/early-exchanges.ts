import type { Timer } from "../base/host.ts";
import type { Dissemination } from "./dissemination.ts";
import type { Foundations } from "./foundations.ts";
import type { StateSync } from "./state-sync.ts";

/** The middle of the first wait; each further one is twice as long. */
const firstWaitMs = 1_000;
/** The last is after half a minute: then those at the regular interval do. */
const looksMax = 5;

export interface EarlyExchangesSurroundings extends Foundations {
  readonly dissemination: Dissemination;
  readonly stateSync: StateSync;
}

/**
 * Push/pulls soon after the start and after a join, for as long as gossip tells of newcomers. Where many start at once, each knows few of them at
 * first and tells of each newcomer as often as a small cluster needs; some news then misses some nodes, and the next regular push/pull
 * may be minutes away. In a cluster that nobody else joins nothing is sent. Only with eager dissemination: the reference waits.
 */
export class EarlyExchanges {
  private readonly around: EarlyExchangesSurroundings;
  private timer: Timer | undefined;
  private looks = 0;
  private heardOfNewcomers = false;

  constructor(around: EarlyExchangesSurroundings) {
    this.around = around;
  }

  /** This node has started, or has joined. */
  begin(): void {
    if (this.around.options.pushPullIntervalMs === 0) return;
    this.stop();
    this.looks = 0;
    this.heardOfNewcomers = false;
    this.wait();
  }

  /** Gossip told of a member that was not listed here. */
  noteNewcomer(): void {
    this.heardOfNewcomers = true;
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
  }

  private wait(): void {
    const { random, timers } = this.around;
    // Spread, since all of them may have started at one moment.
    const delayMs = firstWaitMs * 2 ** this.looks * (0.5 + random.fraction());
    this.timer = timers.after(delayMs, () => this.look());
  }

  private look(): void {
    // It would be as old before the last of them has come.
    if (this.around.dissemination.isCrowded) {
      this.wait();
      return;
    }
    this.looks += 1;
    if (this.looks < looksMax) this.wait();
    if (!this.heardOfNewcomers || !this.around.dissemination.isEager) return;
    this.heardOfNewcomers = false;
    this.around.stateSync.exchangeNow(
      () => true,
      (succeeded) => {
        if (!succeeded) this.heardOfNewcomers = true;
      },
    );
  }
}
