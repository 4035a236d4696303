/** `serf-ts/agent`: an agent inside a program. */

export type { Agent } from "./agent.ts";
export { type CreateAgentSurroundings, createAgent } from "./create-agent.ts";
export type { EventFilter, EventScript } from "./event-filter.ts";
export type { AgentFace, JoinOutcome } from "./face.ts";
export type { LogBuffer, LogListener } from "./log-buffer.ts";
export { type AgentOptions, agentOptions } from "./options.ts";
