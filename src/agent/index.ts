/**
 * `serf-ts/agent`: an agent inside a program, with all that `serf agent` has: event handlers, RPC server, log.
 *
 * ```ts
 * const agent = await createAgent({ nodeName: "web-1", rpcAddress: "127.0.0.1:0" });
 * agent.onEvent((event) => console.log(event.kind));
 * await agent.join(["10.0.0.5"], false);
 * ```
 */

export { type ErrorCode, SerfError } from "../base/errors.ts";
export type { KeyOperation, KeyReport } from "../base/key-report.ts";
export type { JoinFailure, JoinResult } from "../memberlist/joiner.ts";
export type { AgentStats } from "../rpc/views.ts";
export type { MemberEvent, MemberEventKind, SerfEvent, UserEvent } from "../serf/events.ts";
export type { MemberStatus, SerfMember, Tags } from "../serf/member.ts";
export type { Agent } from "./agent.ts";
export type { AgentConfig } from "./config.ts";
export { type CreateAgentSurroundings, createAgent } from "./create-agent.ts";
export type { EventFilter, EventScript } from "./event-filter.ts";
export type { LogBuffer, LogListener } from "./log-buffer.ts";
export type { AgentOptions } from "./options.ts";
