import { type CampaignRecord, type CampaignRun, sumOf } from "./record.ts";

/** Steps that are no faults: what a cluster is there for, and what scenarios consist of anyway. */
const ordinarySteps = new Set(["addNodes", "wait", "calm", "event", "query", "setTags", "repair", "heal", "resume"]);

/** The record as a section of a page: one row for each version of the code that ran a part of it, then all faults together, then what failed. */
export function renderLog(record: CampaignRecord): string {
  const { runs, ticks } = record;
  const total = sumOf(runs);
  const failures = runs.flatMap((run) => run.failures.map((failure) => ({ ...failure, version: run.version })));
  const rows = runs.map((run) =>
    cells(run, run.version, `${run.firstSeed} to ${run.lastSeed}`, String(run.failures.length)),
  );
  if (runs.length > 1) rows.push(cells(total, "together", "", String(failures.length)));
  return [
    table(["version", "seeds", "of them", "failed", "hours of clusters", "hours of nodes", "million events"], rows),
    `Each seed is ${group(ticks)} ticks of 200 ms of faults, and the calm after them. ${faultsOf(runs)}`,
    ...failures.map(
      ({ seed, checker, problem, version }) => `- Seed ${seed} with ${version}, found by \`${checker}\`: ${problem}.`,
    ),
  ].join("\n\n");
}

function cells(
  { seeds, simulatedMs, nodeMs, events }: Pick<CampaignRun, "seeds" | "simulatedMs" | "nodeMs" | "events">,
  version: string,
  range: string,
  failed: string,
): string[] {
  const hours = (ms: number) => group(Math.round(ms / 3_600_000));
  return [version, range, group(seeds), failed, hours(simulatedMs), hours(nodeMs), group(Math.round(events / 1e6))];
}

function faultsOf(runs: readonly CampaignRun[]): string {
  const steps = sumUp(runs.map((run) => run.steps));
  const traffic = sumUp(runs.map((run) => run.traffic));
  const faults = Object.entries(steps)
    .filter(([kind]) => !ordinarySteps.has(kind))
    .sort((a, b) => b[1] - a[1])
    .map(([kind, times]) => `${group(times)} \`${kind}\``);
  const { packets = 0, lost = 0, cut = 0, duplicated = 0, reordered = 0, streams = 0, streamsBroken = 0 } = traffic;
  return [
    `Steps that did harm: ${faults.join(", ")}.`,
    `Of ${group(packets)} packets ${group(lost)} were lost, ${group(cut)} met a cut, ${group(duplicated)} came twice and ${group(reordered)} late;`,
    `of ${group(streams)} streams ${group(streamsBroken)} broke.`,
  ].join(" ");
}

function sumUp(records: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {};
  for (const one of records) for (const [key, count] of Object.entries(one)) sums[key] = (sums[key] ?? 0) + count;
  return sums;
}

/** 1234567: 1,234,567. */
function group(count: number): string {
  return count.toLocaleString("en-US");
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
