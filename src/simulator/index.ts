/** `serf-ts/simulator`: a deterministic network of simulated hosts under virtual time. */

export type { LogLine, RecordingLogger, RecordingMetrics, SampleSummary } from "./recorder.ts";
export type { SimulatedDisk } from "./simulated-disk.ts";
export type { SimulatedHost } from "./simulated-host.ts";
export { type Place, SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated-network.ts";
