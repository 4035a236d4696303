/** What `serf simulate` does. Loaded for that command alone: it brings the simulator and what draws charts. */

import { readFileSync, writeFileSync } from "node:fs";
import { messageOf, SerfError } from "../../base/errors.ts";
import { indentedJson } from "../../base/go-json.ts";
import { addText } from "../../base/options.ts";
import { type MemberlistOptions, memberlistOptions } from "../../memberlist/options.ts";
import { allCheckers } from "../../simulator/checkers/index.ts";
import { Forecast, type ForecastOptions } from "../../simulator/forecast.ts";
import { type Observations, observe } from "../../simulator/observations.ts";
import { checkScenario, type Scenario } from "../../simulator/scenario.ts";
import { ScenarioRun } from "../../simulator/scenario-runner.ts";
import type { Terminal } from "../command.ts";
import { agreementChart } from "./charts.ts";
import { describeForecast, describeScenario } from "./describe.ts";
import type { SimulateOptions } from "./options.ts";
import { renderPage } from "./page.ts";
import { playOut } from "./play-out.ts";

/** As shells have it: 128 and the number of the signal. */
const interruptedExitCode = 130;
const scenarioBytesMax = 16 * 1024 * 1024;

/** What a run is printed as. */
interface Outcome {
  readonly title: string;
  readonly text: string;
  readonly json: Readonly<Record<string, unknown>>;
  readonly observations: Observations;
  readonly failed: boolean;
}

/** Resolves to the exit code. Throws for options, scenarios and files that are wrong. */
export async function simulate(options: SimulateOptions, seedGiven: boolean, terminal: Terminal): Promise<number> {
  let interrupted = false;
  const outcome =
    options.scenario === ""
      ? await forecast(options, terminal, () => (interrupted = true))
      : await play(options, seedGiven, terminal, () => (interrupted = true));
  const { title, text, json, observations, failed } = outcome;
  const { samples } = observations;
  if (options.html !== "") writeFileSync(options.html, renderPage({ title, text, observations }));
  if (options.format === "json") terminal.print(indentedJson({ ...json, interrupted, samples }));
  else terminal.print(`${agreementChart(samples)}\n\n${text}${interrupted ? "\nStopped before its end." : ""}`);
  if (interrupted) return interruptedExitCode;
  return failed ? 1 : 0;
}

async function forecast(options: SimulateOptions, terminal: Terminal, stopped: () => void): Promise<Outcome> {
  const { nodes, seed, profile, loss, latencyMs, jitterMs, kill, powerLoss, event, quietMs } = options;
  const settings: ForecastOptions = {
    ...{ nodes, seed, profile, loss, kill, powerLoss, event, quietMs },
    memberlist: readSettings(options.set),
    latency: jitterMs === 0 ? latencyMs : { kind: "normal", meanMs: latencyMs, deviationMs: jitterMs },
  };
  const run = new Forecast(settings);
  const progress = () => `${run.phase}: ${(run.simulation.nowMs / 1000).toFixed(1)} s simulated`;
  await playOut({ advance: () => run.advance(), progress, stopped }, terminal);
  const { report, observations } = run;
  return {
    title: `${nodes} nodes, profile ${profile}, ${(loss * 100).toFixed(1)} % loss`,
    text: describeForecast(report, settings),
    json: { options: settings, ...report },
    observations,
    failed: false,
  };
}

async function play(
  { scenario: path, seed }: SimulateOptions,
  seedGiven: boolean,
  terminal: Terminal,
  stopped: () => void,
): Promise<Outcome> {
  const scenario = readScenario(path);
  const made: Observations[] = [];
  const checkers = [...allCheckers, observe((one) => void made.push(one))];
  const run = new ScenarioRun(scenario, { checkers, ...(seedGiven ? { seed } : {}) });
  const observations = made[0]!;
  const advance = () => {
    const more = run.advance();
    observations.sample(run.simulation.network.traffic);
    return more;
  };
  const progress = () => `${(run.simulation.nowMs / 1000).toFixed(1)} s simulated`;
  await playOut({ advance, progress, stopped }, terminal);
  const { report } = run;
  return {
    title: scenario.about || path,
    text: describeScenario(report, observations, path),
    json: { ...report },
    observations,
    failed: report.verdict === "failed",
  };
}

function readScenario(path: string): Scenario {
  const bytes = readFileSync(path);
  if (bytes.length > scenarioBytesMax)
    throw new SerfError("INVALID_SCENARIO", `${path} has more than ${scenarioBytesMax} bytes`);
  let given: unknown;
  try {
    given = JSON.parse(bytes.toString("utf8"));
  } catch (error) {
    throw new SerfError("INVALID_SCENARIO", `${path} is not JSON: ${messageOf(error)}`);
  }
  return checkScenario(given);
}

function readSettings(set: Readonly<Record<string, string>>): Partial<MemberlistOptions> {
  const settings: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(set)) {
    const known = Object.hasOwn(memberlistOptions, name) && name !== "nodeName";
    const isDuration = known && /^\d+$/.test(value) && name.endsWith("Ms");
    const wrong = known
      ? addText(memberlistOptions, settings, name, isDuration ? `${value}ms` : value)
      : "is no setting of memberlist; docs/SIMULATE.md lists them";
    if (wrong !== undefined) throw new SerfError("INVALID_OPTION", `-set ${name}=${value}: ${wrong}`);
  }
  return settings as Partial<MemberlistOptions>;
}
