// `npm run experiment:lifeguard [-- --quick] [--workers 2] [--json FILE] [--write]`: Lifeguard's experiment on this implementation, for SWIM without it, with each of its parts
// alone, with all, and with the default settings. Prints tables; with `--json` what is in that file is not run again, with `--write` tables and plots go into docs. Takes
// ten minutes of two cores, the quick form some two.

import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { renderPlot } from "../../src/cli/simulate/plots.ts";
import { distributionOf } from "../../src/simulator/statistics.ts";
import type { Cell, CellResult, DetectionTask, DetectionTimes, Variant } from "./lifeguard-run.ts";
import { variants } from "./lifeguard-run.ts";
import { runTasks } from "./pool.ts";
import { replaceSection } from "./section.ts";

const { values } = parseArgs({
  options: {
    quick: { type: "boolean", default: false },
    workers: { type: "string", default: "2" },
    write: { type: "boolean", default: false },
    json: { type: "string" },
  },
});
const nodes = 128;
const forMs = 120_000;
const slowCounts = values.quick ? [8, 32] : [1, 4, 8, 16, 32];
const cycles: readonly (readonly [pauseMs: number, runMs: number])[] = values.quick
  ? [[16_384, 64]]
  : [
      [8_192, 256],
      [16_384, 64],
    ];
const names = Object.keys(variants) as Variant[];

const cells: Cell[] = cycles.flatMap(([pauseMs, runMs]) =>
  slowCounts.flatMap((slow) => names.map((variant) => ({ variant, nodes, slow, pauseMs, runMs, forMs, seed: 1 }))),
);
const detections: DetectionTask[] = names.map((variant) => ({
  variant,
  nodes,
  dead: 4,
  seeds: values.quick ? [1] : [1, 2, 3, 4, 5, 6, 7, 8],
}));
interface Kept {
  readonly results: CellResult[];
  readonly detections: [Variant, DetectionTimes][];
}

const kept: Kept =
  values.json !== undefined && existsSync(values.json)
    ? JSON.parse(readFileSync(values.json, "utf8"))
    : { results: [], detections: [] };
const { results } = kept;
const times = new Map(kept.detections);
const isSame = (one: Cell, other: Cell) =>
  one.variant === other.variant && one.slow === other.slow && one.pauseMs === other.pauseMs;
await runTasks<Cell | DetectionTask, CellResult | DetectionTimes>(
  "lifeguard-worker.ts",
  [
    ...detections.filter(({ variant }) => !times.has(variant)),
    ...cells.filter((cell) => !results.some((result) => isSame(result, cell))),
  ],
  Number(values.workers),
  (answer, { variant }, left) => {
    if ("firstMs" in answer) times.set(variant, answer);
    else results.push(answer);
    if (values.json !== undefined)
      writeFileSync(values.json, `${JSON.stringify({ results, detections: [...times] } satisfies Kept, null, 1)}\n`);
    console.error(`${left} left: ${JSON.stringify(answer).slice(0, 200)}`);
  },
);

const page = [totals(), byCycle()].join("\n\n");
console.log(page);
const [swim, lifeguard] = [totalOf("SWIM"), totalOf("Lifeguard")];
console.log(
  `\n${swim} false positives without Lifeguard, ${lifeguard} with all of it: ${(swim / Math.max(1, lifeguard)).toFixed(0)} times fewer`,
);
if (swim < 50 * lifeguard) process.exitCode = 1;
if (values.write) write();

function totals(): string {
  const rows = names.map((variant) => {
    const own = results.filter((result) => result.variant === variant);
    const { firstMs, allMs } = times.get(variant)!;
    const [first, all] = [distributionOf(firstMs)!, distributionOf(allMs)!];
    const sum = (of: (result: CellResult) => number) => own.reduce((total, result) => total + of(result), 0);
    const falsePositives = sum((result) => result.falsePositives);
    const falsePositivesAtHealthy = sum((result) => result.falsePositivesAtHealthy);
    const perSecond = (own.length * nodes * forMs) / 1000;
    return [
      variant,
      `${falsePositives} (${percent(falsePositives, totalOf("SWIM"))})`,
      `${falsePositivesAtHealthy} (${percent(falsePositivesAtHealthy, sumAtHealthy("SWIM"))})`,
      `${seconds(first.median)} / ${seconds(first.max)}`,
      `${seconds(all.median)} / ${seconds(all.max)}`,
      (sum(({ packets }) => packets) / perSecond).toFixed(1),
      (sum(({ bytes }) => bytes) / perSecond / 1000).toFixed(2),
    ];
  });
  return table(
    [
      "",
      "FP",
      "FP-",
      "first detection, median / last",
      "known to all, median / last",
      "packets/s a node",
      "kB/s a node",
    ],
    rows,
  );
}

function byCycle(): string {
  const rows = cycles.flatMap(([pauseMs, runMs]) =>
    slowCounts.map((slow) => [
      `${pauseMs / 1000} s`,
      `${runMs} ms`,
      String(slow),
      ...names.map((variant) => {
        const result = results.find((one) => one.variant === variant && one.slow === slow && one.pauseMs === pauseMs)!;
        return `${result.falsePositives} / ${result.falsePositivesAtHealthy}`;
      }),
    ]),
  );
  return table(["stalled", "running", "slow members", ...names.map((name) => `${name}: FP / FP-`)], rows);
}

function write(): void {
  mkdirSync("docs/plots", { recursive: true });
  const lines = names.map((variant) => ({
    name: variant,
    // A logarithmic axis has no 0: it stands for "none" there.
    points: slowCounts.map((slow): [number, number] => [
      slow,
      Math.max(
        1,
        results
          .filter((one) => one.variant === variant && one.slow === slow)
          .reduce((total, one) => total + one.falsePositives, 0),
      ),
    ]),
  }));
  const axes = { x: "slow members of 128", y: "false positives in all cycles", logarithmic: true } as const;
  writeFileSync(
    "docs/plots/lifeguard-false-positives.svg",
    `${renderPlot("False positives by number of slow members", lines, axes)}\n`,
  );
  const path = "docs/RELIABILITY.md";
  writeFileSync(
    path,
    replaceSection(
      readFileSync(path, "utf8"),
      "lifeguard",
      `${page}\n\n![False positives by number of slow members](plots/lifeguard-false-positives.svg)`,
    ),
  );
}

function totalOf(variant: Variant): number {
  return results.filter((one) => one.variant === variant).reduce((total, one) => total + one.falsePositives, 0);
}

function sumAtHealthy(variant: Variant): number {
  return results
    .filter((one) => one.variant === variant)
    .reduce((total, one) => total + one.falsePositivesAtHealthy, 0);
}

function percent(part: number, whole: number): string {
  return whole === 0 ? "-" : `${((100 * part) / whole).toPrecision(3)} %`;
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(1)} s`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
