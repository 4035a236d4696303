/** A long run of the fuzzer, in rounds over all targets, with its state in a file: it may be interrupted, and go on with another version. */

import { readFileSync } from "node:fs";
import { hexDecode, hexEncode } from "../../src/base/bytes.ts";
import { writeFileWhole } from "../../src/host/write-file.ts";
import { readCorpus } from "./corpus.ts";
import { Coverage, isFuzzed, type Reached } from "./coverage.ts";
import { type FuzzReport, fuzz } from "./fuzz.ts";
import { targets } from "./targets.ts";

/** Of each target; the slow ones, which do much more with an input, get less. */
const inputsPerRound = 20_000;
const slowTargets: Readonly<Record<string, number>> = { config: 2_000, "node-packet": 10_000, "node-stream": 10_000 };

export interface TargetLog {
  inputs: number;
  decoded: number;
  refused: number;
  slowestMs: number;
  /** Characters of source that ran. */
  reached: number;
  /** Hex, as all inputs here. */
  slowest: string;
  /** What got further than all before it. */
  furthest: string[];
  findings: { kind: string; what: string; input: string }[];
}

export interface CampaignLog {
  versions: string[];
  seconds: number;
  rounds: number;
  readonly targets: Record<string, TargetLog>;
}

export function readCampaign(file: string): CampaignLog {
  try {
    return JSON.parse(readFileSync(file, "utf8")) as CampaignLog;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ENOENT") throw error;
    return { versions: [], seconds: 0, rounds: 0, targets: {} };
  }
}

export function totalInputs({ targets }: CampaignLog): number {
  return Object.values(targets).reduce((sum, { inputs }) => sum + inputs, 0);
}

/** Rounds until all targets together have had `inputs`, or `isStopped` says so. The file is written after each target's turn. */
export async function runCampaign(
  file: string,
  { inputs, version, isStopped }: { inputs: number; version: string; isStopped: () => boolean },
): Promise<CampaignLog> {
  const log = readCampaign(file);
  if (!log.versions.includes(version)) log.versions.push(version);
  for (const [name, target] of Object.entries(log.targets)) dropMended(name, target);
  const known = new Map<string, Reached>();
  while (!isStopped() && totalInputs(log) < inputs) {
    log.rounds += 1;
    for (const name of Object.keys(targets)) {
      if (isStopped()) break;
      const startedMs = performance.now();
      takeTurn(log, name, known);
      log.seconds += (performance.now() - startedMs) / 1000;
      const problem = writeFileWhole(file, JSON.stringify(log), 0o644);
      if (problem !== undefined) throw new Error(problem);
      // For Ctrl-C to be heard.
      await new Promise((resolve) => setImmediate(resolve));
    }
    const findings = Object.values(log.targets).reduce((sum, target) => sum + target.findings.length, 0);
    const minutes = Math.round(log.seconds / 60);
    console.log(`round ${log.rounds}: ${totalInputs(log)} inputs, ${findings} findings, ${minutes} min`);
  }
  return log;
}

function takeTurn(log: CampaignLog, name: string, known: Map<string, Reached>): void {
  const reached = known.get(name) ?? new Map();
  known.set(name, reached);
  log.targets[name] ??= emptyLog();
  const target = log.targets[name];
  const coverage = new Coverage(isFuzzed, reached);
  const corpus = [...readCorpus(name), ...target.furthest.map((hex) => hexDecode(hex)!)];
  const inputs = slowTargets[name] ?? inputsPerRound;
  add(target, fuzz(targets[name]!, { seed: log.rounds, inputs, corpus, coverage }));
  target.reached = Math.max(target.reached, coverage.reachedCharacters);
}

/** What was found before is tried again: it may be mended, or have been slow because of the machine's other work. */
function dropMended(name: string, target: TargetLog): void {
  const again = target.findings.map(({ input }) => hexDecode(input)!);
  const report = fuzz({ ...targets[name]!, seeds: again }, { seed: 1, inputs: again.length });
  target.findings = report.findings.map(({ kind, what, input }) => ({ kind, what, input: hexEncode(input) }));
  const slowest = fuzz({ ...targets[name]!, seeds: [hexDecode(target.slowest)!] }, { seed: 1, inputs: 1 });
  target.slowestMs = slowest.slowestMs;
}

function add(target: TargetLog, report: FuzzReport): void {
  target.inputs += report.inputs;
  target.decoded += report.decoded;
  target.refused += report.refused;
  if (report.slowestMs > target.slowestMs)
    Object.assign(target, { slowestMs: report.slowestMs, slowest: hexEncode(report.slowest) });
  target.furthest = [...new Set([...target.furthest, ...report.furthest.map(hexEncode)])];
  for (const { kind, what, input } of report.findings) {
    const isKnown = target.findings.some((finding) => finding.kind === kind && finding.what === what);
    if (!isKnown) target.findings.push({ kind, what, input: hexEncode(input) });
  }
}

function emptyLog(): TargetLog {
  return {
    inputs: 0,
    decoded: 0,
    refused: 0,
    slowestMs: 0,
    reached: 0,
    slowest: "",
    furthest: [],
    findings: [],
  };
}

/** Rows of a table in Markdown. */
export function describeCampaign(log: CampaignLog): string {
  const rows = Object.entries(log.targets).map(([name, target]) => {
    const { inputs, decoded, furthest, slowestMs, findings } = target;
    const cells = [`\`${name}\``, grouped(inputs), grouped(decoded), furthest.length, `${slowestMs.toFixed(1)} ms`];
    return `| ${[...cells, findings.length].join(" | ")} |`;
  });
  return [
    `${grouped(totalInputs(log))} inputs in ${(log.seconds / 3600).toFixed(1)} hours by the clock, versions ${log.versions.join(", ")}, Node ${process.versions.node}.`,
    "",
    "| target | inputs | decoded | reached new code | slowest | findings |",
    "|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
}

function grouped(count: number): string {
  return count.toLocaleString("en-US");
}
