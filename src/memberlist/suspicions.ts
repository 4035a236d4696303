import type { Foundations } from "./foundations.ts";
import { confirmationsWanted, suspicionTimeoutMs } from "./scaling.ts";
import { type Accuser, Suspicion } from "./suspicion.ts";

/** A member under suspicion, for whoever looks. Times of day, in milliseconds since 1970. */
export interface SuspectedMember {
  readonly name: string;
  /** When this node began to suspect it. */
  readonly sinceMs: number;
  /** Who suspects it, and when this node heard of that: first who said so first; the others confirm it. */
  readonly accusers: readonly Accuser[];
}

/** The members under suspicion. Each suspicion ends in one of two ways: `end`, or `expired` when nobody refuted in time. */
export class Suspicions {
  private readonly around: Foundations;
  private readonly expired: (name: string) => void;
  private readonly running = new Map<string, Suspicion>();

  constructor(around: Foundations, expired: (name: string) => void) {
    this.around = around;
    this.expired = expired;
  }

  get size(): number {
    return this.running.size;
  }

  find(name: string): Suspicion | undefined {
    return this.running.get(name);
  }

  /** All of them, those suspected longest first. */
  list(): readonly SuspectedMember[] {
    const { clock } = this.around;
    const passedMs = clock.wallMs() - clock.monotonicMs();
    const toWall = (monotonicMs: number) => Math.round(monotonicMs + passedMs);
    return [...this.running].map(([name, { startedMs, accusers }]) => ({
      name,
      sinceMs: toWall(startedMs),
      accusers: accusers.map((accuser) => ({ name: accuser.name, sinceMs: toWall(accuser.sinceMs) })),
    }));
  }

  begin(name: string, from: string): void {
    const { clock, options, table, timers } = this.around;
    const nodeCount = table.length;
    const wanted = confirmationsWanted(options.suspicionMult, nodeCount);
    const minMs = suspicionTimeoutMs(options.suspicionMult, nodeCount, options.probeIntervalMs);
    const maxMs = options.suspicionMaxTimeoutMult * minMs;
    const expired = (confirmations: number): void => this.handleExpired(name, confirmations, wanted);
    this.running.set(name, new Suspicion({ clock, timers, from, wanted, minMs, maxMs, expired }));
  }

  /** True if that is new and worth passing on: see `Suspicion.confirm`. */
  confirm(name: string, from: string): boolean {
    return this.running.get(name)?.confirm(from) ?? false;
  }

  end(name: string): void {
    this.running.get(name)?.cancel();
    this.running.delete(name);
  }

  stop(): void {
    for (const name of [...this.running.keys()]) this.end(name);
  }

  private handleExpired(name: string, confirmations: number, wanted: number): void {
    const { logger, metrics } = this.around;
    if (confirmations < wanted) metrics.increment("memberlist.degraded.timeout");
    const reason = `suspect timeout reached (${confirmations} peer confirmations)`;
    logger.log("INFO", `memberlist: Marking ${name} as failed, ${reason}`);
    this.expired(name);
  }
}
