/** `serf-ts/simulator`: a deterministic network of simulated hosts under virtual time. */

export type { Latency } from "./latency.ts";
export type { LinkConditions } from "./link-conditions.ts";
export type { TrafficCounts } from "./links.ts";
export type { LogLine, RecordingLogger, RecordingMetrics, SampleSummary } from "./recorder.ts";
export type { SimulatedDisk } from "./simulated-disk.ts";
export type { SimulatedHost } from "./simulated-host.ts";
export { type Place, SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated-network.ts";
