import type { Scenario, Step } from "./scenario.ts";

/** How often a scenario is run at most to make it smaller. */
const runsMax = 300;

/** Whether a scenario still shows what is wrong. */
export type StillFails = (candidate: Scenario) => boolean;

/**
 * Makes a failing scenario smaller: fewer steps (delta debugging, Zeller 2002), fewer nodes, shorter waits, simpler surroundings, as long as it
 * still fails. What comes out fails, too. It need not be the smallest there is.
 */
export function shrinkScenario(scenario: Scenario, stillFails: StillFails): Scenario {
  let runsLeft = runsMax;
  let best = scenario;
  const attempt = (candidate: Scenario): boolean => {
    if (runsLeft <= 0 || !stillFails(candidate)) {
      runsLeft--;
      return false;
    }
    runsLeft--;
    best = candidate;
    return true;
  };
  for (let before = ""; before !== JSON.stringify(best) && runsLeft > 0; ) {
    before = JSON.stringify(best);
    dropSteps(() => best, attempt);
    for (const simpler of simplerSurroundings(best)) attempt({ ...best, ...simpler });
    dropNodes(() => best, attempt);
    shortenWaits(() => best, attempt);
  }
  return best;
}

type Attempt = (candidate: Scenario) => boolean;

/** Chunks of steps, from half of them down to one. */
function dropSteps(best: () => Scenario, attempt: Attempt): void {
  for (let size = Math.ceil(best().steps.length / 2); size >= 1; size = Math.floor(size / 2)) {
    // From the end: what comes last often matters least, but for the very last step, which looks at the outcome.
    for (let start = best().steps.length - size; start > -size; start -= size) {
      const { steps } = best();
      const kept = steps.filter((_, index) => index < start || index >= start + size);
      if (kept.length < steps.length) attempt({ ...best(), steps: kept });
    }
  }
}

function simplerSurroundings(scenario: Scenario): Partial<Scenario>[] {
  const simpler: Partial<Scenario>[] = [];
  if (scenario.encrypted) simpler.push({ encrypted: false });
  if (scenario.hosts !== undefined) simpler.push({ hosts: undefined });
  if (scenario.snapshots) simpler.push({ snapshots: false });
  if (JSON.stringify(scenario.network ?? {}) !== "{}") simpler.push({ network: {} });
  return simpler;
}

/** Fewer nodes to begin with, and fewer named in each step. */
function dropNodes(best: () => Scenario, attempt: Attempt): void {
  for (let index = 0; index < best().steps.length; index++) {
    const step = best().steps[index]!;
    if (step.kind === "addNodes" && step.names === undefined) {
      for (const count of [2, 3, 4, Math.floor((step.count ?? 1) / 2), (step.count ?? 1) - 1]) {
        if (count >= 1 && count < (step.count ?? 1) && attempt(withStep(best(), index, { ...step, count }))) break;
      }
    }
    for (const fewer of withFewerNames(step)) if (attempt(withStep(best(), index, fewer))) break;
  }
}

function withFewerNames(step: Step): Step[] {
  if ("nodes" in step && step.nodes.length > 1)
    return step.nodes.map((_, dropped) => ({ ...step, nodes: step.nodes.filter((__, index) => index !== dropped) }));
  if (step.kind !== "partition") return [];
  return step.groups.flatMap((group, which) =>
    group.length < 2
      ? []
      : group.map((_, dropped) => ({
          ...step,
          groups: step.groups.map((other, index) =>
            index === which ? other.filter((__, at) => at !== dropped) : other,
          ),
        })),
  );
}

function shortenWaits(best: () => Scenario, attempt: Attempt): void {
  for (let index = 0; index < best().steps.length; index++) {
    const step = best().steps[index]!;
    if (step.kind !== "wait" || step.ms < 2) continue;
    const rounded = Math.round(step.ms / 1_000) * 1_000;
    for (const ms of [0, 1_000, Math.round(step.ms / 2), rounded]) {
      if (ms < step.ms && attempt(withStep(best(), index, { ...step, ms }))) break;
    }
  }
}

function withStep(scenario: Scenario, index: number, step: Step): Scenario {
  return { ...scenario, steps: scenario.steps.with(index, step) };
}
