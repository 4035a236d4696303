import type { Host } from "../base/host.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { PreviousMember } from "./snapshot.ts";

export interface RejoinerParts {
  /** Members alive when this node went down, and those that had failed before. Not this node itself. */
  readonly alive: readonly PreviousMember[];
  readonly failed: readonly PreviousMember[];
  /** How long those that do not answer are tried. */
  readonly retryForMs: number;
  /** Of a member the reconnecting takes care, if need be. */
  whatIsKnownOf(name: string): "member" | "left" | "nothing";
  join(address: string, done: (result: JoinResult) => void): void;
  /** Said of who left meanwhile, and of who was tried in vain for too long. */
  forget(name: string): void;
}

/**
 * Brings a node that restarted back to the cluster it was in. First all members of before are tried until one answers. Those
 * that are unknown even then may be the other half of a split cluster: one of them is tried again from time to time.
 */
export class Rejoiner {
  private readonly parts: RejoinerParts;
  private readonly host: Host;
  /** Still to be tried in the first round. */
  private readonly waiting: PreviousMember[];
  private missing: readonly PreviousMember[];
  private startedAtMs = 0;
  private attempts = 0;
  private isStopped = false;

  constructor(parts: RejoinerParts, host: Host) {
    this.parts = parts;
    this.host = host;
    this.waiting = [...this.shuffled(parts.alive), ...this.shuffled(parts.failed)];
    this.missing = [...parts.alive, ...parts.failed];
  }

  /** True while an attempt is under way. */
  get isJoining(): boolean {
    return this.attempts > 0;
  }

  start(): void {
    this.startedAtMs = this.host.clock.monotonicMs();
    if (this.waiting.length > 0) this.tryNext();
  }

  stop(): void {
    this.isStopped = true;
  }

  /** Tries one of those that are still missing, if the first round is over. */
  handleRetry(): void {
    if (this.attempts > 0 || this.isStopped) return;
    const isTooLate = this.host.clock.monotonicMs() - this.startedAtMs > this.parts.retryForMs;
    this.missing = this.missing.filter(({ name }) => this.isStillMissing(name, isTooLate));
    if (this.missing.length === 0) return;
    const target = this.missing[this.host.random.below(this.missing.length)]!;
    this.join(target, () => undefined);
  }

  private isStillMissing(name: string, isTooLate: boolean): boolean {
    const known = this.parts.whatIsKnownOf(name);
    if (known === "nothing" && !isTooLate) return true;
    if (known !== "member") this.parts.forget(name);
    return false;
  }

  private tryNext(): void {
    if (this.isStopped) return;
    const target = this.waiting.shift();
    if (target === undefined) {
      this.log("WARN", "Failed to re-join any previously known node");
      return;
    }
    this.join(target, (isJoined) => {
      if (isJoined) this.waiting.length = 0;
      else this.tryNext();
    });
  }

  private join(target: PreviousMember, done: (isJoined: boolean) => void): void {
    const { name, address } = target;
    this.log("INFO", `Attempting re-join to previously known node: ${name}: ${address}`);
    this.attempts++;
    this.parts.join(name === "" ? address : `${name}/${address}`, ({ joined }) => {
      this.attempts--;
      if (joined > 0) this.log("INFO", `Re-joined to previously known node: ${name}: ${address}`);
      done(joined > 0);
    });
  }

  /** So that a cluster that restarts does not ask one member first. */
  private shuffled(members: readonly PreviousMember[]): PreviousMember[] {
    const order = [...members];
    for (let last = order.length - 1; last > 0; last--) {
      const other = this.host.random.below(last + 1);
      [order[last], order[other]] = [order[other]!, order[last]!];
    }
    return order;
  }

  private log(level: "INFO" | "WARN", text: string): void {
    this.host.logger.log(level, `serf: ${text}`);
  }
}
