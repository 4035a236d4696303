/** What goes between a plugin's thread and its agent, both ways. Every request has an id that its answer carries. */

import { isErrorCode, messageOf, SerfError } from "../../base/errors.ts";
import type { KeyedOptions, OptionView } from "../keyed-options.ts";
import type { PluginNews, PluginNotice, RequestInput, RequestName } from "../link.ts";
import type { PluginAction, PluginEnding, PluginMember, PluginQuery } from "../plugin.ts";

/** Where the code of a plugin is. */
export type PluginSource =
  | { readonly kind: "built-in"; readonly name: string }
  /** A file to import. */
  | { readonly kind: "file"; readonly path: string };

/** What a thread is started with. */
export interface ThreadSetup {
  readonly source: PluginSource;
  readonly instance: string;
  /** Options by key, as the instance's file has them. */
  readonly options: KeyedOptions;
  /** `key=value` of a command, to be checked and added. */
  readonly texts?: readonly (readonly [key: string, text: string])[];
  /** Says what the plugin is, whether or not it could run with these options: some have no default. */
  readonly describeOnly?: boolean;
}

/** A plugin, as far as those need to know who do not run it. */
export interface PluginDescription {
  readonly name: string;
  readonly description: string;
  readonly buildsOn: readonly string[];
  readonly actions: Readonly<Record<string, PluginAction>>;
  /** With what is set, but for secrets. */
  readonly options: readonly OptionView[];
}

export interface PlainError {
  readonly code: string | undefined;
  readonly message: string;
}

export interface ProcessEnding {
  readonly exitCode: number | null;
  readonly signal: string | null;
}

export type ToThread =
  /** All it builds on runs: start. */
  | { readonly kind: "start"; readonly selfName: string; readonly members: readonly PluginMember[] }
  | { readonly kind: "news"; readonly news: PluginNews }
  | { readonly kind: "query"; readonly id: number; readonly query: PluginQuery }
  | {
      readonly kind: "call";
      readonly id: number;
      readonly target: "api" | "action";
      readonly name: string;
      readonly args: readonly unknown[];
    }
  | { readonly kind: "granted"; readonly id: number; readonly output: unknown }
  | { readonly kind: "refused"; readonly id: number; readonly error: PlainError }
  | { readonly kind: "lines"; readonly process: number; readonly lines: readonly string[] }
  | { readonly kind: "process-ended"; readonly process: number; readonly ending: ProcessEnding }
  | { readonly kind: "ping" }
  | { readonly kind: "stop"; readonly ending: PluginEnding };

export type FromThread =
  /** The module is a plugin and its options are right. `options` are those of the setup with the texts added. */
  | { readonly kind: "loaded"; readonly description: PluginDescription; readonly options: KeyedOptions }
  | { readonly kind: "started" }
  /** Asked to. */
  | { readonly kind: "stopped" }
  | { readonly kind: "notice"; readonly notice: PluginNotice }
  | ThreadRequest
  /** The last news were taken: more may come. */
  | { readonly kind: "news-taken" }
  | { readonly kind: "lines-taken"; readonly process: number }
  | { readonly kind: "query-answer"; readonly id: number; readonly answer: Uint8Array | undefined }
  | { readonly kind: "result"; readonly id: number; readonly value: unknown }
  | { readonly kind: "no-result"; readonly id: number; readonly error: PlainError }
  /** `bufferBytes`: memory outside the heap, which has no limit of its own. */
  | { readonly kind: "pong"; readonly bufferBytes: number };

export type ThreadRequest = {
  [N in RequestName]: {
    readonly kind: "request";
    readonly id: number;
    readonly name: N;
    readonly input: RequestInput<N>;
  };
}[RequestName];

export function plainError(thrown: unknown): PlainError {
  return { code: thrown instanceof SerfError ? thrown.code : undefined, message: messageOf(thrown) };
}

export function errorOf({ code, message }: PlainError): Error {
  return isErrorCode(code) ? new SerfError(code, message) : new Error(message);
}
