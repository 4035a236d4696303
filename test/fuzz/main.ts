// `npm run fuzz -- [--target NAME] [--inputs N] [--seed S] [--keep] [--blind]`: damaged inputs for every decoder, or for one, steered by the code that
// they run. Ends with 1 if one of them throws, takes more than 50 ms, or holds more than it may. `--keep` adds what got furthest to the kept corpus.
//
// `npm run fuzz -- --campaign FILE --inputs 10000000`: so many inputs over all targets together, in rounds. Ctrl-C ends it, and the same command goes
// on. `--log FILE` prints what such a file has, as a table; with `--write` into docs/SECURITY.md. With `--keep` either adds to the corpus what the campaign learned.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { hexDecode, hexEncode } from "../../src/base/bytes.ts";
import { version } from "../../src/cli/version.ts";
import { replaceSection } from "../experiments/section.ts";
import { type CampaignLog, describeCampaign, readCampaign, runCampaign } from "./campaign.ts";
import { readCorpus, writeCorpus } from "./corpus.ts";
import { Coverage, isFuzzed } from "./coverage.ts";
import { fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

const page = new URL("../../docs/SECURITY.md", import.meta.url);
/** What is kept of one run, of each target. */
const keptInputs = 80;
const keptBytesMax = 400;

const { values } = parseArgs({
  options: {
    target: { type: "string" },
    inputs: { type: "string", default: "100000" },
    seed: { type: "string", default: String(Math.floor(Math.random() * 2 ** 32)) },
    keep: { type: "boolean", default: false },
    blind: { type: "boolean", default: false },
    campaign: { type: "string" },
    log: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
const names = values.target === undefined ? Object.keys(targets) : [values.target];
const unknown = names.find((name) => !Object.hasOwn(targets, name));
if (unknown !== undefined || !/^\d+$/.test(values.inputs) || !/^\d+$/.test(values.seed)) {
  console.error(`--target is one of ${Object.keys(targets).join(", ")}; --inputs and --seed are whole numbers`);
  process.exit(2);
}
if (values.log !== undefined) finishCampaign(readCampaign(values.log));
else if (values.campaign !== undefined) await startCampaign(values.campaign);
else runOnce();

function runOnce(): void {
  console.log(`seed ${values.seed}, ${values.inputs} inputs for each target\n`);
  console.log(["target", "inputs", "decoded", "refused", "learned", "slowest ms", "peak MB", "s"].join("\t"));
  for (const name of names) {
    const kept = readCorpus(name);
    const startedMs = performance.now();
    const coverage = values.blind ? {} : { coverage: new Coverage(isFuzzed) };
    const options = { seed: Number(values.seed), inputs: Number(values.inputs), corpus: kept, ...coverage };
    const report = fuzz(targets[name]!, options);
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const peakMb = Math.round(process.resourceUsage().maxRSS / 1024);
    const { inputs, decoded, refused, corpus, furthest, slowestMs, findings } = report;
    console.log([name, inputs, decoded, refused, corpus.length, slowestMs.toFixed(1), peakMb, seconds].join("\t"));
    for (const { kind, what, input } of findings) console.log(`${kind}: ${what}\n  input ${hexEncode(input)}`);
    if (findings.length > 0) process.exitCode = 1;
    if (values.keep) keep(name, values.blind ? corpus : furthest);
  }
}

async function startCampaign(file: string): Promise<void> {
  let isStopped = false;
  process.once("SIGINT", () => {
    console.log("ending after the target that has its turn");
    isStopped = true;
  });
  const options = { inputs: Number(values.inputs), version: describeVersion(), isStopped: () => isStopped };
  finishCampaign(await runCampaign(file, options));
}

function finishCampaign(log: CampaignLog): void {
  const table = describeCampaign(log);
  console.log(table);
  if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "fuzzing", table));
  for (const [name, { slowest, findings, furthest }] of Object.entries(log.targets)) {
    console.log(`\n${name}: slowest ${slowest.slice(0, 200)}`);
    for (const { kind, what, input } of findings) console.log(`${kind}: ${what}\n  input ${input}`);
    if (findings.length > 0) process.exitCode = 1;
    if (values.keep)
      keep(
        name,
        furthest.map((hex) => hexDecode(hex)!),
      );
  }
}

function keep(name: string, learned: readonly Uint8Array[]): void {
  writeCorpus(name, [
    ...readCorpus(name),
    ...learned.filter(({ length }) => length <= keptBytesMax).slice(0, keptInputs),
  ]);
}

function describeVersion(): string {
  try {
    const commit = execFileSync("git", ["rev-parse", "--short", "HEAD"], { encoding: "utf8" }).trim();
    return `${version} at ${commit}`;
  } catch {
    return version;
  }
}
