// `npm run simulate:campaign -- --seeds 4096 --ticks 5000 [--first N] [--workers 2] [--minutes M] [--json FILE] [--failures FOLDER]`: swarms drawn
// from one seed after the other, each checked. Ctrl-C ends it with what there is by then.

import { mkdirSync, writeFileSync } from "node:fs";
import { availableParallelism } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type CampaignSummary, describeFailure, runCampaign } from "./campaign.ts";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "4096" },
    ticks: { type: "string", default: "5000" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: String(Math.min(2, availableParallelism())) },
    minutes: { type: "string" },
    json: { type: "string" },
    failures: { type: "string" },
  },
});
const [seeds, ticks, firstSeed, workers] = [values.seeds, values.ticks, values.first, values.workers].map(toNumber) as [
  number,
  number,
  number,
  number,
];
const limit = values.minutes === undefined ? {} : { limitMs: toNumber(values.minutes) * 60_000 };
const stop = new AbortController();
process.once("SIGINT", () => {
  console.log("\nending with the seeds that are under way");
  stop.abort();
});

let toldAtMs = 0;
const summary = await runCampaign({
  ...{ firstSeed, seeds, ticks, workers, ...limit },
  signal: stop.signal,
  done: (result, sofar) => {
    if (result.verdict === "failed") {
      console.log(describeFailure(result, ticks));
      if (values.failures !== undefined) keep(values.failures, result.seed, result.smallest);
    }
    if (performance.now() - toldAtMs < 10_000) return;
    toldAtMs = performance.now();
    console.log(progress(sofar));
  },
});
console.log(progress(summary));
const result = { firstSeed, ticks, workers, ...summary };
if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(result, null, 2)}\n`);
else console.log(JSON.stringify(result));
process.exitCode = summary.failed.length > 0 ? 1 : 0;

function progress(sofar: CampaignSummary): string {
  const leftMs = (sofar.wallMs / Math.max(1, sofar.seeds)) * (seeds - sofar.seeds);
  const hours = (sofar.simulatedMs / 3_600_000).toFixed(1);
  const nodeHours = Math.round(sofar.nodeMs / 3_600_000);
  return [
    `${sofar.seeds} of ${seeds} seeds, ${sofar.failed.length} failed`,
    `${hours} h of cluster and ${nodeHours} h of nodes simulated in ${Math.round(sofar.wallMs / 1000)} s`,
    `about ${Math.ceil(leftMs / 60_000)} min left`,
  ].join("; ");
}

function keep(folder: string, seed: number, scenario: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `seed-${seed}.json`), `${JSON.stringify(scenario, null, 2)}\n`);
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new Error(`"${text}" is no number above 0`);
  return number;
}
