// `npm run faults -- [--only NAME …] [--minutes M] [--seed N] [--agents 20] [--rate 200] [--json FILE] [--write]`: real agents, every second one Debian's,
// under one kind of fault after the other. Takes some 45 minutes; --minutes scales all to fit. Needs root. Ctrl-C ends it with what there is by then.

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { parseArgs } from "node:util";
import { replaceSection } from "../experiments/section.ts";
import { Sandbox } from "../support/sandbox.ts";
import { whyNoFaults } from "./available.ts";
import { faults } from "./faults.ts";
import { describeResult, formatResults } from "./report.ts";
import { runTrial, type TrialResult } from "./trial.ts";

const page = "docs/RELIABILITY.md";
const { values } = parseArgs({
  options: {
    only: { type: "string", multiple: true },
    minutes: { type: "string" },
    seed: { type: "string", default: "1" },
    agents: { type: "string", default: "20" },
    rate: { type: "string", default: "200" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const names = faults.map(({ name }) => name);
const unknown = values.only?.find((name) => !names.includes(name));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no fault "${unknown}"`);
  console.error(
    `npm run faults -- [--only NAME] [--minutes M] [--seed 1] [--agents 20] [--rate 200] [--json FILE] [--write]`,
  );
  console.error(`faults: ${names.join(" ")}`);
  process.exit(unknown === undefined ? 0 : 1);
}
const obstacle = await whyNoFaults();
if (obstacle !== undefined) {
  console.error(obstacle);
  process.exit(1);
}
const [seed, agents, rate] = [values.seed, values.agents, values.rate].map(toNumber) as [number, number, number];
const chosen = faults.filter(({ name }) => values.only?.includes(name) ?? true);
const fullSeconds = chosen.reduce((sum, { seconds }) => sum + seconds, 0);
const scale = values.minutes === undefined ? 1 : (toNumber(values.minutes) * 60) / fullSeconds;

const otherLoad = (loadavg()[0] ?? 0).toFixed(1);
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

const results: TrialResult[] = [];
const notRun: string[] = [];
for (const [at, fault] of chosen.entries()) {
  if (interrupted) break;
  const durationMs = Math.max(5_000, fault.seconds * 1000 * scale);
  console.error(`${at + 1} of ${chosen.length}: ${fault.name}, ${Math.round(durationMs / 1000)} s: ${fault.title}`);
  sandbox = new Sandbox();
  try {
    const result = await runTrial(sandbox, fault, {
      ...{ agents, eventsPerSecond: rate, durationMs, seed: seed + at },
      agreementMs: 180_000,
      // At full size a round of push/pulls, each 30 s.
      settleMs: 35_000 * Math.min(1, Math.max(0.1, scale)),
    });
    if (interrupted) break;
    results.push(result);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 2)}\n`);
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
  const machine = `${cpus().length} x ${cpus()[0]?.model ?? "unknown"}, Node ${process.version}, load average ${otherLoad} before it began`;
  const command = `npm run faults -- ${process.argv.slice(2).join(" ")}`.replace(/ -- $/, "");
  const heading = `${new Date().toISOString().slice(0, 10)}, ${machine}; \`${command}\`, ${agents} agents, ${rate} events a second:`;
  const text = `${heading}\n\n${formatResults(results)}`;
  console.log(text);
  if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "faults", text));
  const isWhole = !interrupted && notRun.length === 0;
  process.exit(isWhole && results.every(({ problems }) => problems.length === 0) ? 0 : 1);
}

function toNumber(text: string): number {
  const number = Number(text);
  if (!Number.isFinite(number) || number <= 0) throw new Error(`"${text}" is no number above 0`);
  return number;
}
