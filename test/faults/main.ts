// `npm run faults -- [--only NAME …] [--minutes M] [--seed N] [--agents 20] [--rate 200] [--json FILE [--missing | --report]] [--write]`: real agents,
// every second one Debian's, under one kind of fault after the other. Takes some 45 minutes; --minutes scales all to fit. Needs root. Ctrl-C ends it with
// what there is by then. With --json the table is made in several sittings: rows of the file stay until their fault is run anew; --missing runs only what
// has none yet, --report nothing at all. --write puts all rows into docs/RELIABILITY.md.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { replaceSection } from "../experiments/section.ts";
import { Sandbox } from "../support/sandbox.ts";
import { whyNoFaults } from "./available.ts";
import { faults } from "./faults.ts";
import { describeResult, formatResults } from "./report.ts";
import { type MeasuredResult, readResults, withResult, writeResults } from "./results-file.ts";
import { runTrial } from "./trial.ts";

const page = "docs/RELIABILITY.md";
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
    agents: { type: "string", default: "20" },
    rate: { type: "string", default: "200" },
    json: { type: "string" },
    missing: { type: "boolean", default: false },
    report: { type: "boolean", default: false },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const names = faults.map(({ name }) => name);
const unknown = values.only?.find((name) => !names.includes(name));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no fault "${unknown}"`);
  console.error(
    `npm run faults -- [--only NAME] [--minutes M] [--seed 1] [--agents 20] [--rate 200] [--json FILE [--missing | --report]] [--write]`,
  );
  console.error(`faults: ${names.join(" ")}`);
  process.exit(unknown === undefined ? 0 : 1);
}
if ((values.missing || values.report) && values.json === undefined) {
  console.error("--missing and --report are about the rows of a file: --json FILE");
  process.exit(1);
}
let results = values.json === undefined ? [] : readResults(values.json);
const obstacle = values.report ? undefined : await whyNoFaults();
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(1);
}
const [seed, agents, rate] = [values.seed, values.agents, values.rate].map(toNumber) as [number, number, number];
const wanted = faults.filter(({ name }) => values.only?.includes(name) ?? true);
const measured = new Set(results.map(({ fault }) => fault));
const chosen = values.report ? [] : wanted.filter(({ name }) => !(values.missing && measured.has(name)));
const fullSeconds = wanted.reduce((sum, { seconds }) => sum + seconds, 0);
const scale = values.minutes === undefined ? 1 : (toNumber(values.minutes) * 60) / fullSeconds;

const version = describeVersion();
let sandbox: Sandbox | undefined;
let interrupted = false;
process.once("SIGINT", () => {
  console.error("\nending; Ctrl-C again does so at once");
  interrupted = true;
  // The trial under way is not waited for.
  void sandbox?.close().finally(finish);
});
process.on("unhandledRejection", (error) => {
  if (!interrupted) throw error;
});

const notRun: string[] = [];
for (const [at, fault] of chosen.entries()) {
  if (interrupted) break;
  const durationMs = Math.max(5_000, fault.seconds * 1000 * scale);
  console.error(`${at + 1} of ${chosen.length}: ${fault.name}, ${Math.round(durationMs / 1000)} s: ${fault.title}`);
  sandbox = new Sandbox();
  const measuredAt = new Date().toISOString();
  const load = loadavg()[0] ?? 0;
  try {
    const result = await runTrial(sandbox, fault, {
      ...{ agents, eventsPerSecond: rate, durationMs, seed: seed + faults.indexOf(fault) },
      agreementMs: 180_000,
      // At full size a round of push/pulls, each 30 s.
      settleMs: 35_000 * Math.min(1, Math.max(0.1, scale)),
    });
    if (interrupted) break;
    results = withResult(results, { ...result, measuredAt, version, load, agents, eventsPerSecond: rate });
    if (values.json !== undefined) writeResults(values.json, results);
    console.error(describeResult(result));
  } catch (error) {
    if (interrupted) break;
    notRun.push(fault.name);
    console.error(`  NOT RUN: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    await sandbox.close();
  }
}

if (!interrupted) finish();

function finish(): never {
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}`;
  const text = `\`npm run faults\` on ${machine}${sizeOf(results)}:\n\n${formatResults(results)}`;
  console.log(text);
  if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "faults", text));
  const isWhole = !interrupted && notRun.length === 0;
  process.exit(isWhole && results.every(({ problems }) => problems.length === 0) ? 0 : 1);
}

/** How many agents and events, if all rows are of as many. */
function sizeOf(rows: readonly MeasuredResult[]): string {
  const sizes = new Set(rows.map((row) => `, ${row.agents} agents, ${row.eventsPerSecond} events a second`));
  return sizes.size === 1 ? [...sizes].join("") : "";
}

/** The commit, with "+" if files have changed since; "unknown" where there is no git. */
function describeVersion(): string {
  const git = (...args: string[]) => execFileSync("git", args, { encoding: "utf8" }).trim();
  try {
    const isChanged = git("status", "--porcelain", "--", "src", "test/faults") !== "";
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
