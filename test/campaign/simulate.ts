// `npm run simulate -- --scenario FILE [--seed N]` runs a scenario; `npm run simulate -- --seed N [--ticks 5000]` one that is drawn from the seed, as in
// a campaign. With `--print` it shows the scenario and runs nothing.

import { readFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { drawScenario, runScenario, type Scenario } from "../../src/simulator/index.ts";

const { values } = parseArgs({
  options: {
    scenario: { type: "string" },
    seed: { type: "string" },
    ticks: { type: "string", default: "5000" },
    print: { type: "boolean", default: false },
  },
});
const given = values.seed === undefined ? {} : { seed: Number(values.seed) };
const scenario: Scenario =
  values.scenario === undefined
    ? drawScenario(given.seed ?? 1, { ticks: Number(values.ticks) })
    : JSON.parse(readFileSync(values.scenario, "utf8"));
if (values.print) console.log(JSON.stringify(scenario, null, 2));
else {
  const report = runScenario(scenario, values.scenario === undefined ? { seed: given.seed ?? 1 } : given);
  console.log(JSON.stringify(report, null, 2));
  process.exitCode = report.verdict === "passed" ? 0 : 1;
}
