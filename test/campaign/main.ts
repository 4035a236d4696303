// `npm run simulate:campaign -- --seeds 4096 --ticks 5000 [--first N] [--workers N] [--minutes M] [--resume FILE] [--failures FOLDER] [--nice 10]`: swarms
// drawn from one seed after the other, each checked. With `--resume` what is done is kept in that file, and a campaign that was broken off (Ctrl-C, or
// a time limit) goes on there. `--log` runs nothing, and writes what is in that file into docs/RELIABILITY.md.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { availableParallelism, setPriority } from "node:os";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { replaceSection } from "../experiments/section.ts";
import { describeFailure, runCampaign } from "./campaign.ts";
import { renderLog } from "./log.ts";
import { CampaignRecord, sumOf } from "./record.ts";

/** What is done is saved, and told, this often. */
const saveEveryMs = 5_000;
const logPage = "docs/RELIABILITY.md";

const { values } = parseArgs({
  options: {
    seeds: { type: "string", default: "4096" },
    ticks: { type: "string", default: "5000" },
    first: { type: "string", default: "1" },
    workers: { type: "string", default: String(availableParallelism()) },
    minutes: { type: "string" },
    nice: { type: "string", default: "10" },
    resume: { type: "string" },
    failures: { type: "string" },
    log: { type: "boolean", default: false },
  },
});
const ticks = toNumber(values.ticks);
const firstSeed = toNumber(values.first);
const lastSeed = firstSeed + toNumber(values.seeds) - 1;
const record = new CampaignRecord(values.resume, ticks, firstSeed);
if (values.log) writeLog();
else await run();

async function run(): Promise<void> {
  setPriority(Number(values.nice));
  record.begin(version(), new Date().toISOString().slice(0, 10));
  const stop = new AbortController();
  process.once("SIGINT", () => {
    console.log("\nending with the seeds that are under way; Ctrl-C again ends without them");
    stop.abort();
  });
  const beganMs = performance.now();
  const seedsBefore = sumOf(record.runs).seeds;
  let savedAtMs = beganMs;
  await runCampaign({
    ...{ record, lastSeed, workers: toNumber(values.workers), signal: stop.signal },
    ...(values.minutes === undefined ? {} : { limitMs: toNumber(values.minutes) * 60_000 }),
    done: (result) => {
      if (result.verdict === "failed") {
        console.log(describeFailure(result, ticks));
        if (values.failures !== undefined) keep(values.failures, result.seed, result.smallest);
      }
      if (performance.now() - savedAtMs < saveEveryMs && result.verdict === "passed") return;
      savedAtMs = performance.now();
      record.save();
      console.log(progress(savedAtMs - beganMs, seedsBefore));
    },
  });
  record.save();
  console.log(progress(performance.now() - beganMs, seedsBefore));
  console.log(renderLog(record));
  process.exitCode = record.runs.at(-1)!.failures.length > 0 ? 1 : 0;
}

function progress(passedMs: number, seedsBefore: number): string {
  const { seeds, simulatedMs, nodeMs } = sumOf(record.runs);
  const all = lastSeed - firstSeed + 1;
  const leftMs = (passedMs / Math.max(1, seeds - seedsBefore)) * (all - seeds);
  const failed = record.runs.reduce((count, { failures }) => count + failures.length, 0);
  return [
    `${seeds} of ${all} seeds, ${failed} failed`,
    `${(simulatedMs / 3_600_000).toFixed(1)} h of cluster and ${Math.round(nodeMs / 3_600_000)} h of nodes simulated`,
    `about ${Math.ceil(leftMs / 60_000)} min left`,
  ].join("; ");
}

function writeLog(): void {
  writeFileSync(logPage, replaceSection(readFileSync(logPage, "utf8"), "campaign", renderLog(record)));
}

function keep(folder: string, seed: number, scenario: unknown): void {
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, `seed-${seed}.json`), `${JSON.stringify(scenario, null, 2)}\n`);
}

/** The commit, with "+" if files have changed since; "unknown" where there is no git. */
function version(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  try {
    const isChanged = git("status", "--porcelain", "--", "src", "test/campaign") !== "";
    return `${git("rev-parse", "--short=8", "HEAD")}${isChanged ? "+" : ""}`;
  } catch {
    return "unknown";
  }
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new Error(`"${text}" is no number above 0`);
  return number;
}
