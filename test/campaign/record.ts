/** What campaigns have done, kept in a file over many runs: a campaign that is broken off goes on where it was. */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import * as v from "valibot";
import type { SeedResult } from "./seed-run.ts";

const amount = v.pipe(v.number(), v.minValue(0));

const failure = v.object({
  seed: v.number(),
  checker: v.string(),
  problem: v.string(),
});

const run = v.object({
  /** The commit that was run; with "+" if files had changed since. */
  version: v.string(),
  /** When it was begun, in UTC. */
  day: v.string(),
  firstSeed: amount,
  lastSeed: amount,
  seeds: amount,
  failures: v.array(failure),
  simulatedMs: amount,
  /** Each node counts for itself. */
  nodeMs: amount,
  events: amount,
  /** Of the threads that ran seeds, summed up. */
  busyMs: amount,
  /** How often each kind of step was taken, and each kind of harm done to traffic. */
  steps: v.record(v.string(), amount),
  traffic: v.record(v.string(), amount),
});

const record = v.object({
  ticks: amount,
  /** All seeds below it are done. */
  nextSeed: amount,
  /** Those done beyond it. */
  ahead: v.array(v.number()),
  runs: v.array(run),
});

export type CampaignRun = v.InferOutput<typeof run>;
type Kept = v.InferOutput<typeof record>;

/** The record of one campaign: seeds from a first one on, each run once, by one version of the code or by several. */
export class CampaignRecord {
  readonly path: string | undefined;
  private readonly kept: Kept;
  private readonly ahead: Set<number>;

  /** Without a path it is kept in memory. Throws if the file is of another number of ticks, or no record. */
  constructor(path: string | undefined, ticks: number, firstSeed: number) {
    this.path = path;
    const isThere = path !== undefined && existsSync(path);
    this.kept = isThere
      ? v.parse(record, JSON.parse(readFileSync(path, "utf8")))
      : { ticks, nextSeed: firstSeed, ahead: [], runs: [] };
    if (this.kept.ticks !== ticks) throw new Error(`${path} is of ${this.kept.ticks} ticks a seed, not of ${ticks}`);
    this.ahead = new Set(this.kept.ahead);
  }

  get runs(): readonly CampaignRun[] {
    return this.kept.runs;
  }

  get ticks(): number {
    return this.kept.ticks;
  }

  /** The first seed that nobody has run. */
  get nextSeed(): number {
    return this.kept.nextSeed;
  }

  isDone(seed: number): boolean {
    return seed < this.kept.nextSeed || this.ahead.has(seed);
  }

  /** Opens an entry for a version, unless the last one is of that version. */
  begin(version: string, day: string): void {
    if (this.kept.runs.at(-1)?.version === version) return;
    const { nextSeed } = this.kept;
    this.kept.runs.push({
      ...{ version, day, firstSeed: nextSeed, lastSeed: nextSeed, seeds: 0, failures: [] },
      ...{ simulatedMs: 0, nodeMs: 0, events: 0, busyMs: 0, steps: {}, traffic: {} },
    });
  }

  add(result: SeedResult): void {
    const current = this.kept.runs.at(-1)!;
    const { seed, simulatedMs } = result;
    current.seeds++;
    current.lastSeed = Math.max(current.lastSeed, seed);
    const [violation] = result.violations;
    if (violation !== undefined)
      current.failures.push({ seed, checker: violation.checker, problem: violation.problem.split("\n")[0]! });
    current.simulatedMs += simulatedMs;
    current.nodeMs += simulatedMs * result.nodes;
    current.events += result.events;
    current.busyMs += result.wallMs;
    for (const [kind, times] of Object.entries(result.steps)) current.steps[kind] = (current.steps[kind] ?? 0) + times;
    for (const [kind, times] of Object.entries(result.traffic))
      current.traffic[kind] = (current.traffic[kind] ?? 0) + times;
    this.ahead.add(seed);
    while (this.ahead.delete(this.kept.nextSeed)) this.kept.nextSeed++;
  }

  save(): void {
    if (this.path === undefined) return;
    const kept: Kept = { ...this.kept, ahead: [...this.ahead].sort((a, b) => a - b) };
    const partial = `${this.path}.new`;
    writeFileSync(partial, `${JSON.stringify(kept, null, 1)}\n`);
    renameSync(partial, this.path);
  }
}

/** What several runs come to. */
export function sumOf(runs: readonly CampaignRun[]): Pick<CampaignRun, "seeds" | "simulatedMs" | "nodeMs" | "events"> {
  const total = { seeds: 0, simulatedMs: 0, nodeMs: 0, events: 0 };
  for (const { seeds, simulatedMs, nodeMs, events } of runs) {
    total.seeds += seeds;
    total.simulatedMs += simulatedMs;
    total.nodeMs += nodeMs;
    total.events += events;
  }
  return total;
}
