import { isGone } from "../../memberlist/transitions.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { CheckedWorld, Checker, CheckerFactory, MemberChange, Report } from "./checker.ts";

/** So long after a life has ended, news of its end may still be told of the next life under that name. */
const rumourMs = 180_000;

/** Of a member that lives, under one incarnation: since when somebody has suspected it. */
interface Suspicion {
  readonly sinceMs: number;
  readonly isExcused: boolean;
}

/**
 * A process that lives, be it stopped, slow, behind a lossy link or behind a firewall that rejects, is not held for failed before the shortest
 * time that a suspicion has in the original: refusal, on which the fast path goes, must not be taken for death. Excused is what nobody
 * can tell from death: a process from which so many are turned away that they confirm each other, or some, while the others do not reach it
 * for other reasons.
 */
class EarlyDeaths implements Checker {
  readonly name = "early-deaths";
  private readonly world: CheckedWorld;
  private readonly report: Report;
  /** By life and incarnation. */
  private readonly suspicions = new Map<SimulatedNode, Map<number, Suspicion>>();
  private readonly endedMs = new Map<string, number>();

  constructor(world: CheckedWorld, report: Report) {
    this.world = world;
    this.report = report;
  }

  nodeEnded(node: SimulatedNode): void {
    this.suspicions.delete(node);
    this.endedMs.set(node.name, this.world.nowMs);
  }

  memberChanged({ observer, before, after }: MemberChange): void {
    if (after === undefined || (after.state !== "suspect" && after.state !== "dead") || after.state === before?.state)
      return;
    const life = this.onlyLife(after.name);
    if (life === undefined || life === observer) return;
    if (after.state === "suspect") this.noteSuspicion(observer, life, after.incarnation);
    else if (before !== undefined && !isGone(before.state) && !this.isRumour(after.name))
      this.judge(observer, life, after.incarnation);
  }

  private noteSuspicion(observer: SimulatedNode, life: SimulatedNode, incarnation: number): void {
    const known = this.suspicions.get(life) ?? new Map<number, Suspicion>();
    this.suspicions.set(life, known);
    if (!known.has(incarnation))
      known.set(incarnation, { sinceMs: this.world.nowMs, isExcused: this.isExcused(observer, life) });
  }

  private judge(observer: SimulatedNode, life: SimulatedNode, incarnation: number): void {
    const suspicion = this.suspicions.get(life)?.get(incarnation);
    if (suspicion?.isExcused || this.isExcused(observer, life)) return;
    const { suspicionMult, probeIntervalMs } = observer.serf.memberlist.options;
    // Clocks that were fast for a moment have made times shorter, this node's own or those of whoever it believes.
    const fastestRate = Math.max(...this.world.lives.map(({ host }) => host.clock.fastestRate));
    const shortestMs = (suspicionMult * probeIntervalMs) / fastestRate;
    const afterMs = suspicion === undefined ? 0 : this.world.nowMs - suspicion.sinceMs;
    if (afterMs >= shortestMs - 1) return;
    const after = `${Math.round(afterMs)} ms after anybody suspected it`;
    this.report(`holds ${life.name}, which lives, for failed ${after}`, observer);
  }

  /** What is told of the name may be of a life that has ended. */
  private isRumour(name: string): boolean {
    const ended = this.endedMs.get(name);
    return ended !== undefined && this.world.nowMs - ended < rumourMs;
  }

  /** Undefined where another node claims the name, so that it is not clear of whom news is. */
  private onlyLife(name: string): SimulatedNode | undefined {
    // Whoever runs under a name is its newest life, and not always its only one.
    const lives = this.world.lives.filter((node) => node.name === name && node.endedMs === undefined);
    return lives.length === 1 && lives[0]!.isUp ? lives[0] : undefined;
  }

  private isExcused(observer: SimulatedNode, { host, name }: SimulatedNode): boolean {
    const { isPaused, process, address } = host;
    const { memberlist } = observer.serf;
    const turnedAway = this.world.rejectedFrom(address);
    if (turnedAway.size === 0) return false;
    if (isPaused || process.isStalled || !this.world.isNetworkFair) return true;
    const witnesses = this.world.running.filter((node) => turnedAway.has(node.host.address)).length;
    // One who says so, and as many as have to confirm it: all others, where there are no more; and never one alone.
    const others = memberlist.members().filter((member) => member.name !== name).length;
    return witnesses >= Math.max(2, Math.min(1 + memberlist.options.fastFailureConfirmations, others));
  }
}

export const earlyDeaths: CheckerFactory = {
  name: "early-deaths",
  create: (world, report) => new EarlyDeaths(world, report),
};
