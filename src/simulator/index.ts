/** `serf-ts/simulator`: a deterministic network of simulated hosts under virtual time, and scenarios that checkers watch. */

export type {
  AskedQuery,
  CheckedWorld,
  Checker,
  CheckerFactory,
  MemberChange,
  Report,
  Seen,
  SentEvent,
} from "./checkers/checker.ts";
export { allCheckers } from "./checkers/index.ts";
export { Forecast, type ForecastOptions, type ForecastPhase, type ForecastReport, type Load } from "./forecast.ts";
export type { Latency } from "./latency.ts";
export type { LinkConditions } from "./link-conditions.ts";
export type { TrafficCounts } from "./links.ts";
export { type Detection, type Dissemination, Observations, observe, type Sample } from "./observations.ts";
export type { LogLine, RecordingLogger, RecordingMetrics, SampleSummary } from "./recorder.ts";
export { checkScenario, type Scenario, type Step } from "./scenario.ts";
export { type RunOptions, type RunReport, runScenario, ScenarioRun } from "./scenario-runner.ts";
export { type StillFails, shrinkScenario } from "./shrink.ts";
export type { SimulatedDisk } from "./simulated-disk.ts";
export type { SimulatedHost } from "./simulated-host.ts";
export { type Place, SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated-network.ts";
export type { NodeCondition, SimulatedNode } from "./simulated-node.ts";
export { Simulation, type SimulationOptions, type Violation } from "./simulation.ts";
export type { Distribution } from "./statistics.ts";
export { drawScenario, type SwarmOptions } from "./swarm.ts";
