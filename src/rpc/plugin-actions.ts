/** What clients can have an agent do with its plugins: one RPC command, whose actions are typed here for both sides. It carries JSON. */

/** "waiting": for another plugin, which it builds on. "failed": it is tried again, unless its file is broken. */
export type PluginState = "disabled" | "loading" | "waiting" | "starting" | "running" | "stopping" | "failed";

/** One instance, as `serf plugin list` has it. */
export interface PluginInstanceView {
  readonly instance: string;
  readonly plugin: string;
  readonly state: PluginState;
  /** What it says of itself. */
  readonly status: string;
  /** What it says is wrong though it runs, or why it failed; empty for nothing. */
  readonly problem: string;
  /** How often it was started again after a failure. */
  readonly restarts: number;
  /** Instances that build on this one, which was not installed itself. */
  readonly startedFor: readonly string[];
  /** A folder or package; empty for a plugin in the box. */
  readonly from: string;
}

/** An option as `serf plugin info` has it. */
export interface PluginOptionView {
  readonly key: string;
  readonly type: string;
  readonly doc: string;
  readonly default: unknown;
  readonly value?: unknown;
  readonly fields?: readonly PluginOptionView[];
}

/** A plugin, installed or not. */
export interface PluginInfo {
  readonly plugin: string;
  readonly description: string;
  readonly buildsOn: readonly string[];
  readonly actions: Readonly<Record<string, { readonly usage: string; readonly doc: string }>>;
  readonly options: readonly PluginOptionView[];
  /** Absent where it is not installed. */
  readonly instance?: PluginInstanceView;
}

/** A plugin that can be installed. */
export interface PluginFound {
  readonly name: string;
  readonly description: string;
  /** "box" or "npm". */
  readonly origin: string;
}

type Texts = readonly (readonly [key: string, text: string])[];

/** What came of a change. `notice` says what the operator should know, that it will not last for one; empty for nothing. */
export interface PluginChange {
  readonly instance: PluginInstanceView | undefined;
  readonly notice: string;
}

/** Each action with what is asked and what is answered. */
export interface PluginActions {
  readonly list: {
    readonly input: object;
    readonly output: { readonly plugins: readonly PluginInstanceView[]; readonly notice: string };
  };
  readonly search: {
    readonly input: { readonly word: string; readonly npm: boolean };
    readonly output: { readonly plugins: readonly PluginFound[] };
  };
  readonly info: { readonly input: { readonly name: string }; readonly output: PluginInfo };
  readonly install: {
    /** `what` is a plugin in the box, an absolute path, or a package. */
    readonly input: { readonly what: string; readonly as: string; readonly options: Texts };
    readonly output: PluginChange;
  };
  readonly configure: {
    readonly input: { readonly name: string; readonly options: Texts };
    readonly output: PluginChange;
  };
  readonly enable: { readonly input: { readonly name: string }; readonly output: PluginChange };
  readonly disable: { readonly input: { readonly name: string }; readonly output: PluginChange };
  readonly remove: { readonly input: { readonly name: string }; readonly output: PluginChange };
  readonly call: {
    readonly input: { readonly name: string; readonly action: string; readonly words: readonly string[] };
    readonly output: { readonly result: unknown };
  };
  readonly logs: { readonly input: { readonly name: string }; readonly output: { readonly lines: readonly string[] } };
}

/** One of the actions. */
export type PluginActionName = keyof PluginActions;
/** What is asked. */
export type PluginActionInput<A extends PluginActionName> = PluginActions[A]["input"];
/** What is answered. */
export type PluginActionOutput<A extends PluginActionName> = PluginActions[A]["output"];
