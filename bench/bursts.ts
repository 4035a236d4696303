/** `npm run bench:bursts`: thousands of user events at once, ours beside Debian's serf, with and without loss. `--help` tells the rest. */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { replaceSection } from "../test/experiments/section.ts";
import { requirePeer } from "../test/support/peers.ts";
import { Sandbox } from "../test/support/sandbox.ts";
import { sleep } from "../test/support/wait-for.ts";
import { LiveCluster, type Mix } from "./cluster/live-cluster.ts";
import { isOwnNetwork, runInOwnNetwork } from "./cluster/network.ts";
import { describeRun } from "./cluster/report.ts";
import { type BurstFigures, measureBurst } from "./cluster/spread.ts";

const help = `npm run bench:bursts -- [flags]

  --events 5000      events of a burst; of the long one, ten times as many
  --kinds ours,process,guest,mixed,debian
                     process: a hundred nodes of the library in one process, which takes five minutes
                     guest: one of ours, which sends, among Debian's
  --nodes 5          agents of each cluster
  --losses 0,5       percent of all UDP packets that are lost (takes root and nft)
  --only 3           leaves all but the case of that number out
  --write            puts the table into docs/PERFORMANCE.md

Ctrl-C ends all of it.`;

const { values } = parseArgs({
  options: {
    events: { type: "string", default: "5000" },
    kinds: { type: "string", default: "ours,process,guest,mixed,debian" },
    nodes: { type: "string", default: "5" },
    losses: { type: "string", default: "0,5" },
    only: { type: "string" },
    write: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});

/** Processes of these kinds, or nodes of the library in one process. */
type BurstKind = Mix | "process";

interface Case {
  readonly mix: BurstKind;
  readonly nodes: number;
  readonly lossPercent: number;
  readonly senders: number;
  readonly events: number;
}

const names: Readonly<Record<BurstKind, string>> = {
  ours: "serf-ts",
  process: "serf-ts in one process",
  guest: "one serf-ts among Debian's",
  mixed: "half and half",
  debian: "Debian's",
};
const deadlineMs = 180_000;
/** The nodes of the case in one process. */
const processNodes = 100;
const [nodes, events] = [Number(values.nodes), Number(values.events)];
const rows: string[] = [];
let sandbox: Sandbox | undefined;

if (values.help) console.log(help);
else process.exitCode = (isOwnNetwork() ? undefined : await runInOwnNetwork()) ?? (await main());

async function main(): Promise<number> {
  const kinds = Object.keys(names).filter((mix) => values.kinds.split(",").includes(mix)) as BurstKind[];
  if (kinds.length === 0 || !(nodes >= 4 && nodes <= 100) || !(events >= 10 && events <= 50_000)) {
    console.error(`bench:bursts: at least one kind, 4 to 100 nodes, 10 to 50000 events\n\n${help}`);
    return 1;
  }
  if (kinds.some((mix) => mix !== "ours" && mix !== "process") && requirePeer("serf") === undefined) {
    console.error("bench:bursts: Debian's serf is missing: apt-get install serf, or --kinds ours");
    return 1;
  }
  for (const signal of ["SIGINT", "SIGTERM"] as const)
    process.once(signal, () => void (sandbox?.close() ?? Promise.resolve()).finally(() => process.exit(130)));
  const cases = kinds.flatMap((mix) => casesOf(mix));
  for (const [index, one] of cases.entries())
    if (values.only === undefined || Number(values.only) === index + 1) await measure(one);
  const table = [
    "| cluster | events | senders | loss | accepted in | delivered | least at a node | last after | twice |",
    "|---|---|---|---|---|---|---|---|---|",
    ...rows,
  ].join("\n");
  console.log(`\n${describeRun()}\n\n${table}`);
  if (!values.write) return 0;
  const path = new URL("../docs/PERFORMANCE.md", import.meta.url);
  const text = `\`npm run bench:bursts\`, ${describeRun()}:\n\n${table}`;
  writeFileSync(path, replaceSection(readFileSync(path, "utf8"), "bench:bursts", text));
  return 0;
}

function casesOf(mix: BurstKind): Case[] {
  if (mix === "process") return casesOfLosses({ mix, nodes: processNodes, senders: 1, events });
  const cases = casesOfLosses({ mix, nodes, senders: 1, events });
  if (mix === "debian") return cases;
  const base = { mix, nodes, lossPercent: 0 };
  if (mix !== "guest") cases.push({ ...base, senders: 3, events });
  cases.push({ ...base, senders: 1, events: events * 10 });
  return cases;
}

function casesOfLosses(given: Omit<Case, "lossPercent">): Case[] {
  return values.losses.split(",").map((percent) => ({ ...given, lossPercent: Number(percent) }));
}

/** Each case has a cluster of its own, which settles first: agents of ours learn from acks who else is of theirs. */
async function measure(given: Case): Promise<void> {
  const { mix, lossPercent, senders } = given;
  process.stderr.write(`${names[mix]}: ${given.events} events from ${senders}, ${lossPercent} % lost\n`);
  sandbox = new Sandbox();
  try {
    const figures =
      mix === "process"
        ? await measureInProcess(given, sandbox)
        : await measureAgents(await LiveCluster.start(mix, given.nodes, sandbox), given);
    rows.push(describe(given, figures));
    process.stderr.write(`${rows.at(-1)}\n`);
  } finally {
    lose(0);
    await sandbox.close();
    sandbox = undefined;
  }
}

async function measureAgents(cluster: LiveCluster, { events: sent, senders, lossPercent, nodes: size }: Case) {
  await cluster.join();
  await sleep(size * 1_500);
  lose(lossPercent);
  return measureBurst(cluster, sent, { senders, deadlineMs });
}

/** Its packets are lost from the start: only the process knows when all have joined. */
async function measureInProcess(given: Case, owner: Sandbox): Promise<BurstFigures> {
  lose(given.lossPercent);
  const program = fileURLToPath(new URL("./cluster/in-process-burst.ts", import.meta.url));
  const args = ["--import", "tsx", program, String(given.nodes), String(given.events), String(deadlineMs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  owner.onClose(async () => child.kill("SIGKILL"));
  let text = "";
  for await (const piece of child.stdout) text += String(piece);
  if (text === "") throw new Error("the process of all nodes ended without figures");
  return JSON.parse(text) as BurstFigures;
}

function describe({ mix, nodes: size, senders, lossPercent, events: sent }: Case, figures: BurstFigures): string {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
  const share = (value: number) => (value === 1 ? "100 %" : `${(Math.floor(value * 1e4) / 100).toFixed(2)} %`);
  const accepted = figures.accepted === sent ? seconds(figures.acceptedMs) : `${figures.accepted} only`;
  const delivered = `${share(figures.deliveredShare)} | ${share(figures.leastShare)}`;
  const cells = [`${size} ${names[mix]}`, sent, senders, `${lossPercent} %`, accepted];
  return `| ${cells.join(" | ")} | ${delivered} | ${seconds(figures.lastDeliveryMs)} | ${figures.duplicates} |`;
}

/** Has the kernel drop that share of the UDP packets of this network, which is the benchmark's own. */
function lose(percent: number): void {
  spawnSync("nft", ["delete", "table", "inet", "loss"], { stdio: "ignore" });
  if (percent === 0) return;
  if (!isOwnNetwork()) throw new Error("losing packets takes a network of its own: run it as root, or with --losses 0");
  const rule = `meta l4proto udp numgen random mod 1000 < ${percent * 10} drop`;
  const script = `table inet loss {\n chain arriving {\n type filter hook input priority 0;\n ${rule}\n }\n}\n`;
  const { status, stderr } = spawnSync("nft", ["-f", "-"], { input: script, encoding: "utf8" });
  if (status !== 0) throw new Error(`nft cannot drop packets here: ${stderr}`);
}
