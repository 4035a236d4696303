/** The scenario's result: each step by each combination, beside the reference with itself. */

import { isDeepStrictEqual } from "node:util";
import { Sandbox } from "../../support/sandbox.ts";
import { type Combination, type NotPlayed, type Outcome, play } from "./play.ts";
import { stages } from "./stages/index.ts";
import type { Deviation, Stage, Step } from "./step.ts";

export const reference: Combination = { command: "debian", agent: "debian" };

export const combinations = [
  { title: "our agent", combination: { command: "debian", agent: "ours" } },
  { title: "our command", combination: { command: "ours", agent: "debian" } },
  { title: "both ours", combination: { command: "ours", agent: "ours" } },
] as const satisfies readonly { readonly title: string; readonly combination: Combination }[];

export type CombinationTitle = (typeof combinations)[number]["title"];

export interface Comparison {
  readonly title: CombinationTitle;
  readonly outcome: Outcome;
  /** Whether it is what the reference has. */
  readonly same: boolean;
  /** The deviation that is expected here, if any. */
  readonly deviation: Deviation | undefined;
}

export interface Row {
  readonly stage: string;
  readonly step: string;
  readonly reference: Outcome;
  readonly comparisons: readonly Comparison[];
}

/** Plays the stages and compares. `progress` hears of each stage that is done. */
export async function compareAll(
  chosen: readonly Stage[] = stages,
  progress: (line: string) => void = () => {},
): Promise<readonly Row[]> {
  const rows: Row[][] = await Promise.all(
    chosen.map(async (stage) => {
      const startedAtMs = performance.now();
      const compared = await compare(stage);
      progress(
        `${stage.title}: ${compared.length} steps in ${((performance.now() - startedAtMs) / 1000).toFixed(1)} s`,
      );
      return compared;
    }),
  );
  return rows.flat();
}

async function compare(stage: Stage): Promise<Row[]> {
  const played = new Map<string, Promise<ReadonlyMap<string, Outcome>>>();
  const outcomesOf = (combination: Combination) => {
    const id = stage.shows === "both" ? JSON.stringify(combination) : combination[stage.shows];
    let outcomes = played.get(id);
    if (outcomes === undefined) {
      outcomes = play(stage, combination, new Sandbox());
      played.set(id, outcomes);
    }
    return outcomes;
  };
  // All at once: most of a stage's time is waiting.
  const [expected, ...others] = await Promise.all(
    [reference, ...combinations.map(({ combination }) => combination)].map(outcomesOf),
  );
  return stage.steps.map((step) => {
    const wanted = expected?.get(step.name);
    const comparisons = combinations.map(({ title, combination }, index): Comparison => {
      const outcome = others[index]?.get(step.name);
      const same = isDeepStrictEqual(outcome, wanted);
      return { title, outcome, same, deviation: deviationIn(step, combination) };
    });
    return { stage: stage.title, step: step.name, reference: wanted, comparisons };
  });
}

function deviationIn({ deviation }: Step, { agent, command }: Combination): Deviation | undefined {
  const takesPart = deviation?.by === "our agent" ? agent === "ours" : command === "ours";
  return takesPart ? deviation : undefined;
}

export function wasPlayed(outcome: Outcome): boolean {
  return (
    typeof outcome !== "object" || outcome === null || !Object.hasOwn(outcome, "notPlayed" satisfies keyof NotPlayed)
  );
}

/** What a comparison means: "same", "meant", or what is wrong with it. */
export function verdictOf({
  same,
  deviation,
  outcome,
}: Comparison): "same" | "meant" | "NOT PLAYED" | "DIFFERENT" | "NO LONGER DIFFERENT" {
  if (!wasPlayed(outcome)) return "NOT PLAYED";
  if (same) return deviation === undefined ? "same" : "NO LONGER DIFFERENT";
  return deviation === undefined ? "DIFFERENT" : "meant";
}
