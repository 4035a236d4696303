/** One seed of a campaign: the scenario drawn from it, run, and made smaller if it failed. */

import { drawScenario, type RunReport, runScenario, type Scenario, shrinkScenario } from "../../src/simulator/index.ts";

export interface SeedTask {
  readonly seed: number;
  readonly ticks: number;
  /** Runs it twice, and has it fail if the two went different ways. */
  readonly twice: boolean;
}

export interface SeedResult extends RunReport {
  readonly nodes: number;
  readonly wallMs: number;
  /** As small as could be found, of a run that failed. */
  readonly smallest: Scenario | undefined;
}

export function runSeed({ seed, ticks, twice }: SeedTask): SeedResult {
  const beganMs = performance.now();
  const scenario = drawScenario(seed, { ticks });
  const report = twice ? runTwice(scenario, seed) : runScenario(scenario, { seed });
  const smallest = report.verdict === "passed" ? undefined : { ...shrink(scenario, report), seed };
  const [first] = scenario.steps;
  const nodes = first?.kind === "addNodes" ? (first.count ?? 1) : 0;
  return { ...report, nodes, smallest, wallMs: performance.now() - beganMs };
}

function runTwice(scenario: Scenario, seed: number): RunReport {
  const [first, second] = [runScenario(scenario, { seed }), runScenario(scenario, { seed })];
  if (first.traceHash === second.traceHash) return first;
  const problem = `the same run twice gave ${first.traceHash} and ${second.traceHash}`;
  const violations = [{ checker: "determinism", atMs: 0, node: undefined, problem }];
  return { ...first, verdict: "failed", violations };
}

function shrink(scenario: Scenario, { seed, violations }: RunReport): Scenario {
  const checker = violations[0]?.checker;
  if (checker === "determinism") return scenario;
  return shrinkScenario(scenario, (candidate) => runScenario(candidate, { seed }).violations[0]?.checker === checker);
}
