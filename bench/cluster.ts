/**
 * `npm run bench:cluster -- 5 20 50 100`: clusters of so many real agents on loopback, ours beside Debian's serf in one run. `--help` tells
 * the rest.
 */

import { readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { parseArgs } from "node:util";
import { replaceSection } from "../test/experiments/section.ts";
import { requirePeer } from "../test/support/peers.ts";
import { Sandbox } from "../test/support/sandbox.ts";
import { measureCost } from "./cluster/cost.ts";
import { measureDetection } from "./cluster/failures.ts";
import { LiveCluster, type Mix, mixes } from "./cluster/live-cluster.ts";
import { isOwnNetwork, runInOwnNetwork, trafficAtRest } from "./cluster/network.ts";
import { type ClusterFigures, clusterRows, describeRun, readmeTable } from "./cluster/report.ts";
import { measureBurst, measureEvents } from "./cluster/spread.ts";
import { callRate } from "./members-rpc.ts";
import { formatTable } from "./table.ts";

const help = `npm run bench:cluster -- [SIZE ...] [flags]      sizes of the clusters; 5 20 when left out

  --kinds ours,mixed,debian   which clusters: all of them when left out
  --events 300                single events, one after another
  --burst 5000                events handed to one node at once
  --kills 3                   agents killed, one after another
  --idle-seconds 20           how long agents are watched that have nothing to do
  --skip burst,cost           leaves measures out: ${"join events cost rpc burst detection".replaceAll(" ", ", ")}
  --format json               figures one by one instead of a table
  --write                     puts the tables into README.md and docs/PERFORMANCE.md

A cluster takes three to six minutes. Ctrl-C ends all of it.`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    kinds: { type: "string", default: mixes.join(",") },
    events: { type: "string", default: "300" },
    burst: { type: "string", default: "5000" },
    kills: { type: "string", default: "3" },
    "idle-seconds": { type: "string", default: "20" },
    skip: { type: "string", default: "" },
    format: { type: "string", default: "text" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

/** What an agent takes at most while it is measured, with some room. */
const agentMBMax: Readonly<Record<Mix, number>> = { ours: 130, mixed: 85, guest: 45, debian: 40 };
const sizesMax = 200;
const sizes = (positionals.length > 0 ? positionals : ["5", "20"]).map((text) =>
  wholeNumber("SIZE", text, 3, sizesMax),
);
const kinds = mixes.filter((mix) => values.kinds.split(",").includes(mix));
const counts = {
  events: wholeNumber("--events", values.events, 1, 10_000),
  burst: wholeNumber("--burst", values.burst, 1, 100_000),
  kills: wholeNumber("--kills", values.kills, 1, 100),
  idleSeconds: wholeNumber("--idle-seconds", values["idle-seconds"], 1, 3_600),
};
const skipped = new Set(values.skip.split(","));
const results: ClusterFigures[] = [];

if (values.help) {
  console.log(help);
} else {
  process.exitCode = (isOwnNetwork() ? undefined : await runInOwnNetwork()) ?? (await main());
}

async function main(): Promise<number> {
  if (kinds.length === 0) return refuse(`--kinds ${values.kinds}: there are ${mixes.join(", ")}`);
  if (kinds.some((kind) => kind !== "ours") && requirePeer("serf") === undefined) {
    return refuse("Debian's serf is missing: apt-get install serf, or --kinds ours");
  }
  const neededMB = Math.max(...kinds.map((kind) => agentMBMax[kind])) * Math.max(...sizes);
  const freeMB = availableMB();
  if (neededMB > freeMB) return refuse(`that may take ${neededMB} MB of memory, and ${Math.floor(freeMB)} MB are free`);
  if (!isOwnNetwork()) progress("no network of its own can be made here (as root it can): packets are not counted");
  for (const nodes of sizes) for (const mix of kinds) await measureCluster(nodes, mix);
  report();
  return results.every(({ failed }) => failed === undefined) ? 0 : 1;
}

/** Measures one cluster. What fails is told, and costs the figures that come after it in the same cluster, not those of others. */
async function measureCluster(nodes: number, mix: Mix): Promise<void> {
  const figures: ClusterFigures = { nodes, mix };
  results.push(figures);
  const sandbox = new Sandbox();
  const stopListening = endOnSignals(sandbox);
  const say = (line: string) => progress(`${nodes} agents (${mix}): ${line}`);
  const doStep = async (name: string, line: string, step: () => Promise<void>) => {
    if (skipped.has(name)) return;
    say(line);
    await step();
  };
  try {
    say("starting");
    const cluster = await LiveCluster.start(mix, nodes, sandbox);
    say("joining"); // is never left out: all the rest needs it
    const joinMs = await cluster.join();
    if (!skipped.has("join")) figures.joinMs = joinMs;
    await doStep("cost", `watched for ${counts.idleSeconds} s while idle`, async () => {
      figures.cost = await measureCost(cluster, counts.idleSeconds);
    });
    await doStep("events", `${counts.events} single events`, async () => {
      figures.events = await measureEvents(cluster, counts.events);
    });
    await doStep("rpc", "`members` by RPC", async () => {
      figures.membersCallsPerSecond = await callRate(cluster.agents[0]!.place.rpcPort);
    });
    await doStep("burst", `a burst of ${counts.burst} events`, async () => {
      figures.burst = await measureBurst(cluster, counts.burst);
    });
    if (figures.burst !== undefined) await trafficAtRest(nodes);
    await doStep("detection", `${counts.kills} agents killed`, async () => {
      figures.detectionMs = await measureDetection(cluster, counts.kills, say);
    });
  } catch (error) {
    figures.failed = error instanceof Error ? error.message : String(error);
    say(`FAILED: ${figures.failed}`);
  } finally {
    stopListening();
    await sandbox.close();
  }
}

function report(): void {
  const rows = clusterRows(results);
  if (values.format === "json") {
    const machine = { node: process.version, cpus: cpus().length, cpu: cpus()[0]?.model, memoryBytes: totalmem() };
    console.log(JSON.stringify({ date: new Date().toISOString(), ...machine, ...counts, rows, results }, null, 2));
  } else {
    console.log(`\n${describeRun()}\n\n${formatTable(rows)}`);
  }
  if (!values.write) return;
  const given = process.argv.slice(2).filter((word) => word !== "--write");
  const run = `\`npm run bench:cluster -- ${given.join(" ")}\`, ${describeRun()}`;
  writeSection("../README.md", `${run}:\n\n${readmeTable(results)}`);
  writeSection("../docs/PERFORMANCE.md", `${run}:\n\n${formatTable(rows)}`);
}

function writeSection(page: string, text: string): void {
  const path = new URL(page, import.meta.url);
  writeFileSync(path, replaceSection(readFileSync(path, "utf8"), "bench:cluster", text));
}

/** Ends every agent, then this program, on Ctrl-C. */
function endOnSignals(sandbox: Sandbox): () => void {
  const end = (signal: NodeJS.Signals) => {
    progress(`${signal}: ending all agents`);
    void sandbox.close().finally(() => process.exit(130));
  };
  for (const signal of ["SIGINT", "SIGTERM"] as const) process.once(signal, end);
  return () => {
    for (const signal of ["SIGINT", "SIGTERM"] as const) process.off(signal, end);
  };
}

function availableMB(): number {
  const line = /^MemAvailable:\s+(\d+) kB/m.exec(readFileSync("/proc/meminfo", "utf8"));
  return (Number(line?.[1] ?? Number.NaN) * 1024) / 1e6;
}

function wholeNumber(what: string, text: string, least: number, most: number): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= least && value <= most) return value;
  process.exit(refuse(`${what} is a whole number of ${least} to ${most}, not "${text}"`));
}

function refuse(why: string): number {
  console.error(`bench:cluster: ${why}\n\n${help}`);
  return 1;
}

function progress(line: string): void {
  process.stderr.write(`${new Date().toISOString().slice(11, 19)} ${line}\n`);
}
