import type { Clock, Metrics } from "../base/host.ts";
import type { MemberTable } from "./member-table.ts";
import type { MemberlistOptions } from "./options.ts";
import { suspicionTimeoutMs } from "./scaling.ts";

/** Nothing is remembered of more members than this; the oldest is forgotten. */
const namesMax = 1_024;

/**
 * Members that the fast path leaves alone for some time: those that were declared dead and came back within the time that a suspicion would have
 * given them, so that the declaration looks wrong, whoever made it; those that the fast path suspected and that live; and those whose name somebody
 * else claims, who has to be heard first.
 */
export class Truces {
  private readonly options: MemberlistOptions;
  private readonly table: MemberTable;
  private readonly clock: Clock;
  private readonly metrics: Metrics;
  /** By name: since when. */
  private readonly truceMs = new Map<string, number>();

  constructor(options: MemberlistOptions, table: MemberTable, clock: Clock, metrics: Metrics) {
    this.options = options;
    this.table = table;
    this.clock = clock;
    this.metrics = metrics;
  }

  /** A member is about to be alive again; nothing is noted unless it was dead. */
  noteReturn(row: number): void {
    const { clock, metrics, options, table } = this;
    if (table.stateOf(row) !== "dead") return;
    const deadMs = clock.monotonicMs() - table.stateChangedMsOf(row);
    if (deadMs >= suspicionTimeoutMs(options.suspicionMult, table.length, options.probeIntervalMs)) return;
    metrics.increment("memberlist.failure.refuted");
    this.note(table.descriptorOf(row).name);
  }

  note(name: string): void {
    const { truceMs } = this;
    truceMs.delete(name);
    truceMs.set(name, this.clock.monotonicMs());
    const [oldest] = truceMs.keys();
    if (truceMs.size > namesMax && oldest !== undefined) truceMs.delete(oldest);
  }

  has(name: string): boolean {
    const atMs = this.truceMs.get(name);
    if (atMs === undefined) return false;
    if (this.clock.monotonicMs() - atMs < this.options.fastFailureTruceMs) return true;
    this.truceMs.delete(name);
    return false;
  }
}
