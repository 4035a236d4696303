/** `serf-ts/client`: talks to a running agent, ours or HashiCorp's. */

export { type ErrorCode, SerfError } from "../base/errors.ts";
export {
  type AgentEvent,
  type AgentMember,
  type AgentStats,
  type ConnectOptions,
  connectSerf,
  type MemberFilter,
  type SerfClient,
} from "./client.ts";
export type { Subscription } from "./subscription.ts";
