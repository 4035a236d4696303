// `npm run experiment:dissemination [-- --quick] [--nodes 2,10,100,1000] [--workers 2] [--write]`: how long one message takes to the last node of a simulated cluster, and how often
// it is sent: by the timer as the reference, and at once; with loss, encrypted, where nodes relay nothing, and where views differ. With `--write` tables and plot go into docs.
// Takes some ten minutes of two cores with up to 1,000 nodes; 10,000 take 8 GB and half an hour more.

import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus } from "node:os";
import { parseArgs } from "node:util";
import { renderPlot } from "../../src/cli/simulate/plots.ts";
import type { ClusterResult, ClusterTask, Policy, RunResult } from "./dissemination-run.ts";
import { runTasks } from "./pool.ts";
import { replaceSection } from "./section.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    nodes: { type: "string", default: "2,10,100,1000" },
    workers: { type: "string", default: "2" },
    write: { type: "boolean", default: false },
  },
});
const sizes = values.nodes.split(",").map(Number);
const losses = [0, 0.05, 0.25];
const special: Readonly<Record<string, Partial<ClusterTask>>> = {
  "all know all, all are eager": {},
  encrypted: { encrypted: true },
  "half of the nodes wait for the timer, as HashiCorp's": { timerShare: 0.5 },
  "nine in ten wait for the timer": { timerShare: 0.9 },
  "each node lacks 5 % of the others": { unknownShare: 0.05 },
};
const specialNodes = sizes.includes(1_000) && !values.quick ? 1_000 : 100;

const plain = sizes.map((nodes): ClusterTask => ({ nodes, runs: runsOf(nodes, ["timer", "eager"]) }));
const variants = Object.values(special).map(
  (how): ClusterTask => ({ nodes: specialNodes, ...how, runs: runsOf(specialNodes, ["eager"], 0.5) }),
);
const results = new Map<string, readonly RunResult[]>();
// The largest first: they take longest.
const tasks = [...[...plain].sort((a, b) => b.nodes - a.nodes), ...variants.slice(1)];
await runTasks<ClusterTask, ClusterResult>(
  "dissemination-worker.ts",
  tasks,
  Number(values.workers),
  ({ task, results: found }, _given, left) => {
    results.set(keyOf(task), found);
    console.error(`${left} left: ${found.map(({ nodes, policy, p99Ms }) => `${nodes} ${policy} ${ms(p99Ms)}`)}`);
  },
);

const page = [bySize(), byKind()].join("\n\n");
console.log(page);
if (values.write) write();

function runsOf(nodes: number, policies: readonly Policy[], share = 1): ClusterTask["runs"] {
  const events = share * (values.quick ? 0.1 : 1) * (nodes >= 10_000 ? 10 : nodes >= 1_000 ? 60 : 400);
  return policies.flatMap((policy) =>
    losses.map((loss) => ({ policy, loss, events: Math.max(5, Math.round(policy === "timer" ? events / 4 : events)) })),
  );
}

/** Tasks come back from their thread as copies. */
function keyOf({ nodes, timerShare, unknownShare, encrypted }: ClusterTask): string {
  return JSON.stringify([nodes, timerShare, unknownShare, encrypted]);
}

function bySize(): string {
  const rows = plain.flatMap((task) =>
    (["timer", "eager"] as const).map((policy) => {
      const found = results.get(keyOf(task))!.filter((result) => result.policy === policy);
      return [
        String(task.nodes),
        policy,
        ...found.map(timesOf),
        ...found.map(({ transmissions }) => transmissions.toFixed(1)),
      ];
    }),
  );
  const head = ["nodes", "policy", ...losses.map((loss) => `last node, ${percent(loss)} lost`)];
  return table([...head, ...losses.map((loss) => `sent, ${percent(loss)} lost`)], rows);
}

function byKind(): string {
  const all = variants.map((task, index) => {
    const found = results.get(keyOf(index === 0 ? plain.find(({ nodes }) => nodes === specialNodes)! : task))!;
    return found.filter(({ policy }) => policy === "eager");
  });
  const rows = Object.keys(special).map((name, index) => [
    name,
    ...all[index]!.map(timesOf),
    ...all[index]!.map(({ nodeMedianMs, nodeP99Ms }) => `${ms(nodeMedianMs)} / ${ms(nodeP99Ms)}`),
    all[index]![0]!.transmissions.toFixed(1),
  ]);
  const head = [`${specialNodes} nodes, eager`, ...losses.map((loss) => `last node, ${percent(loss)} lost`)];
  return table([...head, ...losses.map((loss) => `any node, ${percent(loss)} lost`), "sent"], rows);
}

function timesOf({ medianMs, p99Ms, missed, events }: RunResult): string {
  const times = `${ms(medianMs)} / ${ms(p99Ms)}`;
  return missed === 0 ? times : `${times} (${missed} of ${events} missed a node)`;
}

function write(): void {
  mkdirSync("docs/plots", { recursive: true });
  const nodes = specialNodes;
  const found = results.get(keyOf(plain.find((task) => task.nodes === nodes)!))!;
  const lines = found.map(({ policy, loss, lastMs }) => ({
    name: `${policy}, ${percent(loss)} lost`,
    points: lastMs.flatMap((last, index): [number, number][] =>
      Number.isFinite(last) ? [[(100 * (index + 1)) / lastMs.length, last]] : [],
    ),
  }));
  const title = `How long a message takes to the last of ${nodes} nodes`;
  const file = "plots/dissemination.svg";
  const axes = { x: "% of the messages that are as fast, or faster", y: "ms", logarithmic: true } as const;
  writeFileSync(`docs/${file}`, `${renderPlot(title, lines, axes)}\n`);
  const command = `npm run experiment:dissemination --${values.quick ? " --quick" : ""} --nodes ${values.nodes}`;
  const made = `\`${command}\`, ${new Date().toISOString().slice(0, 10)}, Node ${process.versions.node}, ${cpus().length} x ${cpus()[0]!.model}. Times are virtual: the machine does not matter.`;
  const text = `${made} Milliseconds, median / 99th percentile of all messages; "sent" is transmissions a node until nobody has the message pending any more.`;
  const path = "docs/PERFORMANCE.md";
  const section = [text, page, `![${title}](${file})`].join("\n\n");
  writeFileSync(path, replaceSection(readFileSync(path, "utf8"), "experiment:dissemination", section));
}

function percent(share: number): string {
  return `${100 * share} %`;
}

function ms(value: number): string {
  if (!Number.isFinite(value)) return "never";
  return value < 99 ? value.toPrecision(2) : value.toFixed(0);
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
