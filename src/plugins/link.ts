/** What a running plugin and its agent say to each other. Plain data throughout: it crosses threads. */

import type {
  PluginMember,
  PluginMemberEvent,
  PluginQueryOptions,
  PluginQueryResult,
  PluginSignal,
  PluginUserEvent,
  ProcessResult,
  RunOptions,
} from "./plugin.ts";

/** What a plugin asks of its agent: by name, what goes and what comes back. */
export interface PluginRequests {
  readonly "send-event": {
    readonly input: { readonly name: string; readonly payload: Uint8Array; readonly coalesce: boolean };
    readonly output: undefined;
  };
  readonly "ask-query": {
    readonly input: { readonly name: string; readonly payload: Uint8Array; readonly options: PluginQueryOptions };
    readonly output: PluginQueryResult;
  };
  readonly "update-tags": {
    readonly input: { readonly set: Readonly<Record<string, string>>; readonly remove: readonly string[] };
    readonly output: undefined;
  };
  readonly "data-directory": { readonly input: undefined; readonly output: string };
  readonly leave: { readonly input: undefined; readonly output: undefined };
  readonly run: {
    readonly input: { readonly command: readonly string[]; readonly options: RunOptions };
    readonly output: ProcessResult;
  };
  /** `id` is the plugin's own number for it. */
  readonly "start-process": {
    readonly input: { readonly id: number; readonly command: readonly string[]; readonly options: RunOptions };
    readonly output: { readonly pid: number };
  };
  readonly "signal-process": {
    readonly input: { readonly id: number; readonly signal: string };
    readonly output: undefined;
  };
  readonly use: {
    readonly input: { readonly plugin: string; readonly method: string; readonly args: readonly unknown[] };
    readonly output: unknown;
  };
}

export type RequestName = keyof PluginRequests;
export type RequestInput<N extends RequestName> = PluginRequests[N]["input"];
export type RequestOutput<N extends RequestName> = PluginRequests[N]["output"];

export type PluginLogLevel = "DEBUG" | "INFO" | "WARN" | "ERR";

/** What a plugin tells its agent and awaits no answer to. */
export type PluginNotice =
  | { readonly kind: "log"; readonly level: PluginLogLevel; readonly line: string }
  | { readonly kind: "status"; readonly text: string }
  | { readonly kind: "problem"; readonly text: string | undefined }
  /** It has failed and is to be stopped. */
  | { readonly kind: "failed"; readonly reason: string }
  /** The names of the queries it answers, all of them. */
  | { readonly kind: "answering"; readonly names: readonly string[] };

/** The agent, as a running plugin reaches it. */
export interface PluginLink {
  request<N extends RequestName>(name: N, input: RequestInput<N>): Promise<RequestOutput<N>>;
  notify(notice: PluginNotice): void;
}

/** What happened since the plugin was last told. The list is changed before the events are told. */
export interface PluginNews {
  /** Members that are new or differ, whole. */
  readonly changed: readonly PluginMember[];
  /** Names of members that were forgotten. */
  readonly removed: readonly string[];
  readonly events: readonly PluginOccurrence[];
}

export type PluginOccurrence =
  | { readonly kind: "members"; readonly event: PluginMemberEvent; readonly members: readonly PluginMember[] }
  | { readonly kind: "user"; readonly event: PluginUserEvent }
  | { readonly kind: "signal"; readonly signal: PluginSignal };

/** How long a text of each kind may be, in UTF-16 units; the rest is cut. */
export const textLengthMax = { log: 4096, status: 200, problem: 1000, reason: 1000 } as const;

export function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1)}…`;
}
