import type { Host } from "../base/host.ts";

/** A member whose penalty is as high as that is held out: the second death within a half-life does it. */
const holdOutAt = 1.5;
/** And let in again when so much is left of it. */
const letInBelow = 0.75;
/** However often it died, so that nobody is held out for more than some two and a half half-lives. */
const penaltyMax = 4;
/** What has decayed so far is forgotten. */
const forgetBelow = 0.1;
/** More members that died of late are not remembered, and not held out. */
const rememberedMax = 4_096;

interface History {
  penalty: number;
  atMs: number;
  heldOut: boolean;
}

/**
 * Holds out members that die and come back again and again: each death is a penalty that decays, and while there is too much of it a dead
 * member stays dead here, whatever it says. The idea and the words are those of route flap damping (RFC 2439). Each node reckons by itself, and since all see the same
 * deaths they come to about the same.
 */
export class FlapDamping {
  private readonly halfLifeMs: number;
  private readonly host: Pick<Host, "clock" | "logger">;
  private readonly records = new Map<string, History>();

  /** After `halfLifeMs` half of a penalty is left; 0 holds out nobody. */
  constructor(halfLifeMs: number, host: Pick<Host, "clock" | "logger">) {
    this.halfLifeMs = halfLifeMs;
    this.host = host;
  }

  /** A member that did not leave is gone. */
  died(name: string): void {
    if (this.halfLifeMs === 0) return;
    const record = this.records.get(name) ?? this.remember(name);
    if (record === undefined) return;
    const before = this.holdsOut(name);
    this.decay(record);
    record.penalty = Math.min(penaltyMax, record.penalty + 1);
    record.heldOut = before || record.penalty >= holdOutAt;
    if (!record.heldOut || before) return;
    const line = `memberlist: ${name} comes and goes: it is held for dead until it has been quiet for a while`;
    this.host.logger.log("WARN", line);
  }

  /** Whether a member that is gone stays so, whatever is said of it. */
  holdsOut(name: string): boolean {
    const record = this.records.get(name);
    if (record === undefined || !record.heldOut) return false;
    this.decay(record);
    record.heldOut = record.penalty >= letInBelow;
    return record.heldOut;
  }

  private remember(name: string): History | undefined {
    if (this.records.size >= rememberedMax) this.forget();
    if (this.records.size >= rememberedMax) return undefined;
    const record = { penalty: 0, atMs: this.host.clock.monotonicMs(), heldOut: false };
    this.records.set(name, record);
    return record;
  }

  private forget(): void {
    for (const [name, record] of this.records) {
      this.decay(record);
      if (record.penalty < forgetBelow) this.records.delete(name);
    }
  }

  private decay(record: History): void {
    const nowMs = this.host.clock.monotonicMs();
    record.penalty *= 0.5 ** ((nowMs - record.atMs) / this.halfLifeMs);
    record.atMs = nowMs;
  }
}
