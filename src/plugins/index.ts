/**
 * `serf-ts/plugins`: what a plugin is made of, and a bench to test it on. See docs/PLUGINS.md.
 *
 * ```ts
 * import { definePlugin, text } from "serf-ts/plugins";
 *
 * export const plugin = definePlugin({
 *   name: "greeter",
 *   description: "Greets members that join",
 *   options: { greeting: { type: text(), default: "hello", doc: "What to say." } },
 *   start({ events, options, logger }) {
 *     events.onMembers("member-join", (members) => {
 *       for (const { name } of members) logger.info(`${options.greeting}, ${name}`);
 *     });
 *     return {};
 *   },
 * });
 * ```
 */

export { type ErrorCode, SerfError } from "../base/errors.ts";
export {
  boolean,
  type Checked,
  choice,
  durationMs,
  integer,
  type Option,
  type OptionDeclarations,
  type OptionType,
  pairs,
  type ResolvedOptions,
  text,
  texts,
} from "../base/options.ts";
export { type BenchMember, createPluginBench, type PluginBench, type PluginBenchOptions } from "./bench.ts";
export { type RecordsType, records, secret } from "./option-types.ts";
export {
  definePlugin,
  type Plugin,
  type PluginAction,
  type PluginAgent,
  type PluginApi,
  type PluginContext,
  type PluginEnding,
  type PluginEvents,
  type PluginLogger,
  type PluginMember,
  type PluginMemberEvent,
  type PluginMembers,
  type PluginProcesses,
  type PluginQueries,
  type PluginQuery,
  type PluginQueryOptions,
  type PluginQueryResult,
  type PluginScheduler,
  type PluginSignal,
  type PluginTags,
  type PluginUserEvent,
  type ProcessResult,
  type RemoteApi,
  type RunningPlugin,
  type RunOptions,
  type StartedProcess,
} from "./plugin.ts";
export { type CheckedFile, type FileOutcome, writeFileChecked } from "./shared/checked-file.ts";
