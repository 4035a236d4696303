/** `npm run differential`: plays the scenario and prints the table. `-- --json` prints it with all outcomes, `-- --stage NAME` plays one stage. */

import { parseArgs } from "node:util";
import { requirePeer } from "../../support/peers.ts";
import { stages } from "./stages/index.ts";
import { combinations, compareAll, type Row, verdictOf, wasPlayed } from "./table.ts";

const { values } = parseArgs({
  options: {
    stage: { type: "string", multiple: true },
    json: { type: "boolean", default: false },
    help: { type: "boolean", short: "h", default: false },
  },
});
const titles = stages.map(({ title }) => title);
const unknown = values.stage?.find((title) => !titles.includes(title));
if (values.help || unknown !== undefined) {
  if (unknown !== undefined) console.error(`there is no stage "${unknown}"`);
  console.error(`npm run differential -- [--stage "${titles.join('"|"')}"] [--json]`);
  process.exit(unknown === undefined ? 0 : 1);
}
if (requirePeer("serf") === undefined) {
  console.error("without Debian's serf there is nothing to compare with");
  process.exit(1);
}

const chosen = values.stage === undefined ? stages : stages.filter(({ title }) => values.stage?.includes(title));
const rows = await compareAll(chosen, (line) => console.error(line));
const wrong = rows.filter(isWrong);
if (values.json) console.log(JSON.stringify(rows, undefined, 2));
else printTable(rows);
process.exit(wrong.length === 0 ? 0 : 1);

function isWrong({ reference, comparisons }: Row): boolean {
  return !wasPlayed(reference) || comparisons.some((comparison) => !["same", "meant"].includes(verdictOf(comparison)));
}

function printTable(all: readonly Row[]): void {
  const cells = all.map(({ stage, step, comparisons }) => [stage, step, ...comparisons.map(verdictOf)]);
  const table = [["stage", "step", ...combinations.map(({ title }) => title)], ...cells];
  const widths = table[0]!.map((_, column) => Math.max(...table.map((row) => row[column]?.length ?? 0)));
  for (const row of table)
    console.log(
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    );
  for (const { stage, step, comparisons, reference } of all.filter(isWrong)) {
    console.log(`\n== ${stage}: ${step}\n-- the reference\n${shown(reference)}`);
    for (const comparison of comparisons.filter((one) => !["same", "meant"].includes(verdictOf(one))))
      console.log(`-- ${comparison.title}: ${verdictOf(comparison)}\n${shown(comparison.outcome)}`);
  }
  console.log(
    `\n${all.length} steps by 3 combinations, ${all.filter(isWrong).length} with a difference that is not meant`,
  );
  const meant = new Set(all.flatMap((row) => row.comparisons.flatMap(({ deviation }) => deviation?.heading ?? [])));
  for (const heading of meant) console.log(`meant, see docs/DEVIATIONS.md: ${heading}`);
}

function shown(outcome: unknown): string {
  return JSON.stringify(outcome, undefined, 2).replaceAll("\\n", "\n  ");
}
