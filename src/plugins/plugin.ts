/**
 * What a plugin is, and what it may see. A plugin is a module whose `plugin` export is one declaration; everything it does goes through the
 * context that `start` is given. It runs in a thread of its own: whatever it does there, the agent goes on.
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

import type { OptionDeclarations, ResolvedOptions } from "../base/options.ts";

/** A plugin: its name, what it can be told, and how it starts. */
export interface Plugin<D extends OptionDeclarations = OptionDeclarations> {
  /** Lower-case letters, digits and dashes, 1 to 32, a letter first. */
  readonly name: string;
  /** One line, at most 100 characters, for `serf plugin list`. */
  readonly description: string;
  /** Keys in files and on the command line are these names in snake_case: `checkCommand` is `check_command`. */
  readonly options: D;
  /** Plugins this one builds on. Each is started before it, once for all that build on it, and reached by `context.use`. */
  readonly buildsOn?: readonly string[];
  /** What operators may have it do, by `serf plugin NAME ACTION`; `RunningPlugin.actions` has the code. Names like those of plugins. */
  readonly actions?: Readonly<Record<string, PluginAction>>;
  /** Options that only make sense together: returns what is wrong with them, or undefined. Called before anything is installed or changed. */
  checkOptions?(options: ResolvedOptions<D>): string | undefined;
  /** Starts it. What it throws or rejects with is its failure: it is tried again, later and later. */
  start(context: PluginContext<ResolvedOptions<D>>): RunningPlugin | Promise<RunningPlugin>;
}

/** An action as `serf plugin info` explains it. */
export interface PluginAction {
  /** What follows the action: "[FILE]"; empty for nothing. */
  readonly usage: string;
  /** One line. */
  readonly doc: string;
}

/** What `start` gives back. */
export interface RunningPlugin {
  /** Ends everything the plugin began that is not of its context; that ends by itself. It has ten seconds. */
  stop?(ending: PluginEnding): void | Promise<void>;
  /** What plugins that build on this one may call. Arguments and results cross a thread: plain data only. */
  readonly api?: PluginApi;
  /**
   * The code of the declared actions, given the words that follow on the command line. What they return is shown: a text as it is,
   * anything else as JSON. What they throw is the command's error, and no failure of the plugin.
   */
  readonly actions?: Readonly<Record<string, (words: readonly string[]) => unknown>>;
}

/**
 * Why a plugin is to stop. "removed": the operator disabled or removed the instance, and nobody comes after it to look after what it leaves
 * in files of others. "stopped": for now, since the agent ends, options change, or what it builds on does not run. Where it fails or the
 * machine stops, nothing is told at all.
 */
export type PluginEnding = "removed" | "stopped";

/** Functions that one plugin offers to others. */
export type PluginApi = Readonly<
  // biome-ignore lint/suspicious/noExplicitAny: what they take and give is between the two plugins
  Record<string, (...args: any[]) => unknown>
>;

/** A `PluginApi` as seen from another plugin: every call is answered later. */
export type RemoteApi<A> = {
  readonly [K in keyof A]: A[K] extends (...args: infer P) => infer R ? (...args: P) => Promise<Awaited<R>> : never;
};

/** All a plugin sees of its agent. */
export interface PluginContext<O = unknown> {
  /** The name of this instance: that of the plugin, or the one given by `-as`. */
  readonly instance: string;
  readonly options: O;
  readonly members: PluginMembers;
  readonly events: PluginEvents;
  readonly queries: PluginQueries;
  readonly tags: PluginTags;
  readonly agent: PluginAgent;
  readonly logger: PluginLogger;
  /** A folder of this instance alone that survives restarts; made when first asked for. Rejects where the agent keeps no files. */
  dataDirectory(): Promise<string>;
  readonly scheduler: PluginScheduler;
  readonly processes: PluginProcesses;
  /** Aborted when the plugin is to stop. */
  readonly signal: AbortSignal;
  /** What `serf plugin list` and `serf info` show beside "running", at most 200 characters: "3 servers in 2 pools". */
  setStatus(text: string): void;
  /** Something is wrong that may right itself, such as a check that fails; shown until it is cleared with undefined. */
  setProblem(text: string | undefined): void;
  /** The plugin's own failure, from wherever it is noticed: the instance is stopped and started again with back-off. */
  fail(error: unknown): void;
  /** The running plugin of that name, which must stand in `buildsOn`. */
  use<A extends PluginApi>(name: string): RemoteApi<A>;
}

/** A member as this node sees it. */
export interface PluginMember {
  readonly name: string;
  /** IP literal. */
  readonly address: string;
  /** Port of its Serf agent. */
  readonly port: number;
  readonly status: "alive" | "leaving" | "left" | "failed";
  readonly tags: Readonly<Record<string, string>>;
}

/** The members, this node among them. */
export interface PluginMembers {
  /** This node. */
  self(): PluginMember;
  /** All that are remembered, this node among them, sorted by name. */
  list(): readonly PluginMember[];
  /** Called after every change of the list, and not before `start` has returned. Returns what ends it. */
  onChange(listener: () => void): () => void;
}

/** What can become of members. */
export type PluginMemberEvent = "member-join" | "member-leave" | "member-failed" | "member-update" | "member-reap";

/** A user event of a member. */
export interface PluginUserEvent {
  readonly name: string;
  readonly payload: Uint8Array;
  readonly lamportTime: number;
}

/** What happens in the cluster. Events come after the agent's coalescing; the member list itself is ahead of them. */
export interface PluginEvents {
  /** "*" is every kind. Returns what ends it. */
  onMembers(
    kind: PluginMemberEvent | "*",
    listener: (members: readonly PluginMember[], kind: PluginMemberEvent) => void,
  ): () => void;
  /** User events of that name; "*" is every name. Returns what ends it. */
  onUser(name: string, listener: (event: PluginUserEvent) => void): () => void;
  /** Sends a user event to every member. Rejects with a SerfError, USER_EVENT_TOO_LARGE for one. `coalesce` is true unless said otherwise. */
  send(name: string, payload?: Uint8Array | string, options?: { readonly coalesce?: boolean }): Promise<void>;
}

/** A question of a member. */
export interface PluginQuery {
  readonly name: string;
  readonly payload: Uint8Array;
  /** Who asks. */
  readonly sourceNode: string;
}

/** Who is asked, and for how long. */
export interface PluginQueryOptions {
  readonly filterNodes?: readonly string[];
  /** RE2, by tag. */
  readonly filterTags?: Readonly<Record<string, string>>;
  /** Default: what fits the size of the cluster. */
  readonly timeoutMs?: number;
}

/** What came of a query. */
export interface PluginQueryResult {
  readonly acks: readonly string[];
  readonly responses: readonly { readonly from: string; readonly payload: Uint8Array }[];
}

/** Questions to the members, and answers to theirs. */
export interface PluginQueries {
  /** Answers queries of that name. Undefined is no answer; a throw is logged, and no answer. One answerer a name. Returns what ends it. */
  answer(
    name: string,
    answerer: (query: PluginQuery) => Uint8Array | string | undefined | Promise<Uint8Array | string | undefined>,
  ): () => void;
  /** Asks, and resolves when the query has ended. */
  ask(name: string, payload?: Uint8Array | string, options?: PluginQueryOptions): Promise<PluginQueryResult>;
}

/** The tags of this node. */
export interface PluginTags {
  /** Removes tags of this node, then sets others; resolves when the cluster was told. */
  update(set: Readonly<Record<string, string>>, remove?: readonly string[]): Promise<void>;
}

/** Signals of the agent's process that plugins hear of. */
export type PluginSignal = "SIGHUP" | "SIGUSR1" | "SIGUSR2";

/** The agent's process as a whole. */
export interface PluginAgent {
  /** Leaves the cluster gracefully and ends the agent; this plugin is then stopped. Resolves when the cluster was told. */
  leave(): Promise<void>;
  /** Called when the agent's process gets such a signal, whatever else the agent does on it. Returns what ends it. */
  onSignal(listener: (signal: PluginSignal) => void): () => void;
}

/** Lines appear in the agent's log and in `serf plugin logs NAME`. More than 100 a second are counted instead. */
export interface PluginLogger {
  /** For whoever looks for a fault in the plugin. */
  debug(message: string): void;
  /** What an operator may want to read. */
  info(message: string): void;
  /** What an operator should look at. */
  warn(message: string): void;
  /** What failed. */
  error(message: string): void;
}

/** Time. What is pending when the plugin stops is dropped. */
export interface PluginScheduler {
  /** Calls once, after that time; never when the plugin stops before. Returns what cancels it. A throw or rejection is the plugin's failure. */
  after(delayMs: number, fire: () => void | Promise<void>): () => void;
  /** Calls again and again: so long after the last call was done. Returns what ends it. */
  every(intervalMs: number, fire: () => void | Promise<void>): () => void;
  /**
   * Work that many calls of the returned function ask for and that is done once: when `quietMs` passed without a call, but at most
   * `waitMaxMs` after the first. Never twice at once; a call meanwhile has it done again.
   */
  debounce(
    work: () => void | Promise<void>,
    times: { readonly quietMs: number; readonly waitMaxMs: number },
  ): () => void;
}

/** How a program ended that `run` or `shell` ran. */
export interface ProcessResult {
  /** Null where a signal ended it. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Standard output and error, at most the first 64 KiB of each. */
  readonly stdout: string;
  readonly stderr: string;
  readonly timedOut: boolean;
}

/** How to run a program. */
export interface RunOptions {
  readonly cwd?: string;
  /** Added to the environment of the agent. */
  readonly env?: Readonly<Record<string, string>>;
  readonly input?: string | Uint8Array;
  /** Then SIGTERM, five seconds later SIGKILL. Default 30 s. */
  readonly timeoutMs?: number;
}

/** A program that stays. It and all its own children get the signals: they are one process group. */
export interface StartedProcess {
  readonly pid: number;
  /** Sends a signal to it. */
  kill(signal?: string): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<{ readonly exitCode: number | null; readonly signal: string | null }>;
}

/** Programs, run by the agent for the plugin: none outlives it, whatever becomes of it. */
export interface PluginProcesses {
  /** Runs a program to its end, without a shell. Never rejects for an exit code; rejects with PROCESS_NOT_STARTED. */
  run(command: readonly [string, ...string[]], options?: RunOptions): Promise<ProcessResult>;
  /** Runs a line of `/bin/sh`, as operators write it in options. Nothing of a member or an event is to be put into the line: use `env`. */
  shell(line: string, options?: RunOptions): Promise<ProcessResult>;
  /** Starts a program that stays. Its lines go to the logger, or to `onLine`. It is ended when the plugin stops. */
  start(
    command: readonly [string, ...string[]],
    options?: Omit<RunOptions, "input" | "timeoutMs"> & { readonly onLine?: (line: string) => void },
  ): Promise<StartedProcess>;
}

/** Gives the declaration its types. */
export function definePlugin<const D extends OptionDeclarations>(plugin: Plugin<D>): Plugin<D> {
  return plugin;
}
