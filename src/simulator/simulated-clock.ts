import { assert } from "../base/errors.ts";
import type { Clock } from "../base/host.ts";
import type { Schedule } from "./schedule.ts";

/** Every simulation starts at 2020-01-01 00:00 UTC. */
const startWallMs = 1_577_836_800_000;

/** The clock of one machine, which can go wrong. */
export class SimulatedClock implements Clock {
  private readonly schedule: Schedule;
  private rate = 1;
  /** Since the rate was set: true time, and what this clock showed. */
  private sinceMs = 0;
  private shownMs = 0;
  private wallOffsetMs = startWallMs;
  private fastest = 1;

  constructor(schedule: Schedule) {
    this.schedule = schedule;
  }

  monotonicMs(): number {
    const { nowMs } = this.schedule;
    return this.rate === 1 && this.shownMs === this.sinceMs ? nowMs : this.shownMs + (nowMs - this.sinceMs) * this.rate;
  }

  /** The most milliseconds that it ever showed for each true one, at least 1. */
  get fastestRate(): number {
    return this.fastest;
  }

  wallMs(): number {
    return this.wallOffsetMs + this.monotonicMs();
  }

  /** From now on it shows so many milliseconds for each true one. Timers started from now on keep to it. */
  drift(rate: number): void {
    assert(rate > 0, `a clock runs at the rate ${rate}`);
    this.shownMs = this.monotonicMs();
    this.sinceMs = this.schedule.nowMs;
    this.rate = rate;
    this.fastest = Math.max(this.fastest, rate);
  }

  /** As when somebody sets the time of day. */
  jump(ms: number): void {
    this.wallOffsetMs += ms;
  }

  /** How long it truly takes until this clock has gone on by `ms`. */
  trueMs(ms: number): number {
    return this.rate === 1 ? ms : ms / this.rate;
  }
}
