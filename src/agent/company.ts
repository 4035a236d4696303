import type { NodeHost } from "../host/node-host.ts";
import type { Directory } from "../memberlist/directory.ts";
import type { Telemetry } from "./telemetry.ts";

/** What an agent that shares its process with many others does not have for itself. */
export interface AgentCompany {
  /** Held by all of them together. */
  readonly directory: Directory;
  readonly telemetry: Telemetry;
  /** Makes a host out of the one that has the agent's sockets. */
  readonly wrapHost: (host: NodeHost) => NodeHost;
  readonly servesRpc: boolean;
}
