/** `serf-ts/client`: talks to a running agent, ours or HashiCorp's. */

export type { MissedEvents, Subscription } from "../async/subscription.ts";
export { type ErrorCode, SerfError } from "../base/errors.ts";
export { type KeyOperation, type KeyReport, KeysError } from "../base/key-report.ts";
export { type Coordinate, distanceSeconds } from "../coordinate/coordinate.ts";
export type {
  PluginActionInput,
  PluginActionName,
  PluginActionOutput,
  PluginActions,
  PluginChange,
  PluginFound,
  PluginInfo,
  PluginInstanceView,
  PluginOptionView,
  PluginState,
} from "../rpc/plugin-actions.ts";
export type { AgentMember, AgentStats } from "../rpc/views.ts";
export {
  type AgentEvent,
  type ConnectOptions,
  connectSerf,
  type MemberFilter,
  type QueryAnswer,
  type QueryParams,
  type SerfClient,
  type StreamOptions,
} from "./client.ts";
