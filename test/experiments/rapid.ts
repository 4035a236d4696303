// `npm run experiment:rapid [-- --nodes 1000] [--workers 1] [--json FILE] [--limit N] [--write]`: Rapid's experiment on this implementation: 1,000 nodes (memberlist alone, LAN
// settings), of which 1 % are at fault for five minutes in a way that is neither life nor death. Prints how many views there are and for how long they change;
// with `--json` what is in that file is not run again, with `--limit` no more rows than so many are run, with `--write` tables and plots of what there is go into docs.
// Takes some five minutes of one core for each row.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderPlot } from "../../src/cli/simulate/plots.ts";
import { runTasks } from "./pool.ts";
import { type Fault, faults, type RapidResult, type RapidTask, type Variant, variants } from "./rapid-run.ts";
import { replaceSection } from "./section.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "1000" },
    workers: { type: "string", default: "1" },
    json: { type: "string" },
    limit: { type: "string", default: "100" },
    write: { type: "boolean", default: false },
  },
});
const forMs = 300_000;
const nodes = Number(values.nodes);
const all = Object.keys(faults).flatMap((fault) =>
  Object.keys(variants).map(
    (variant): RapidTask => ({ fault: fault as Fault, variant: variant as Variant, nodes, forMs, seed: 1 }),
  ),
);
const results: RapidResult[] =
  values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json, "utf8")) : [];
await runTasks<RapidTask, RapidResult>(
  "rapid-worker.ts",
  all.filter((task) => find(task) === undefined).slice(0, Number(values.limit)),
  Number(values.workers),
  (result, _, left) => {
    results.push(result);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results)}\n`);
    console.error(`${left} left`);
  },
);
const page = table(
  [
    "fault of 1 %",
    "settings",
    "healthy nodes whose view changes in a second, mean",
    "seconds in which somebody's does",
    "the last",
    "views at once, median / most",
    "seconds with one view",
    "changes about healthy members",
    "all faulty out of all views",
  ],
  done().map(row),
);
console.log(page);
if (values.write) write();

function find({ fault, variant, nodes: size }: RapidTask): RapidResult | undefined {
  return results.find((one) => one.fault === fault && one.variant === variant && one.nodes === size);
}

/** What there is by now, in the order of the tasks. */
function done(): RapidResult[] {
  return all.flatMap((task) => find(task) ?? []);
}

function row({ fault, variant, changes, views, changesOfHealthy, removedAllMs }: RapidResult): string[] {
  const seconds = changes.length;
  const sorted = [...views].sort((a, b) => a - b);
  const last = changes.findLastIndex((count) => count > 0);
  return [
    fault,
    variant,
    (changes.reduce((total, count) => total + count, 0) / seconds).toFixed(1),
    `${changes.filter((count) => count > 0).length} of ${seconds}`,
    last < 0 ? "none" : `after ${last + 1} s`,
    `${sorted[sorted.length >> 1]} / ${sorted.at(-1)}`,
    `${views.filter((count) => count === 1).length} of ${seconds}`,
    String(changesOfHealthy),
    removedAllMs === undefined ? "never" : `after ${removedAllMs / 1_000} s`,
  ];
}

function write(): void {
  mkdirSync("docs/plots", { recursive: true });
  const plots = Object.keys(faults).map((fault, index) => {
    const lines = done()
      .filter((result) => result.fault === fault)
      .map(({ variant, changes }) => ({
        name: variant,
        points: changes.map((count, second): [number, number] => [second + 1, count]),
      }));
    const title = `Healthy nodes whose view changes: ${fault}`;
    const file = `plots/rapid-${index + 1}.svg`;
    const axes = { x: "seconds since the fault began", y: "nodes in that second" } as const;
    writeFileSync(`docs/${file}`, `${renderPlot(title, lines, axes)}\n`);
    return `![${title}](${file})`;
  });
  const path = "docs/RELIABILITY.md";
  writeFileSync(path, replaceSection(readFileSync(path, "utf8"), "rapid", [page, ...plots].join("\n\n")));
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
