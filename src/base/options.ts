/**
 * Options are declared once. From a declaration come its type, default, range check, command line flag, JSON key,
 * environment variable, the way values from several sources merge, its line in `--help` and its entry in the reference
 * page.
 */

import { utf8Length } from "./bytes.ts";
import { formatDuration, parseDuration } from "./duration.ts";
import { SerfError } from "./errors.ts";

/** One option. `T` is its type once resolved. */
export interface Option<T> {
  readonly type: OptionType<T>;
  readonly default: NoInfer<T>;
  /** One paragraph: what it does, how to choose it, how it relates to others. The first sentence is the line in `--help`. */
  readonly doc: string;
  /** Command line flag without dashes, and JSON key in lower case: only for options that an operator sets. */
  readonly flag?: string;
  readonly key?: string;
  /** A second name of the flag. */
  readonly flagAlias?: string;
  /** Variable of the environment, where its name does not follow from the key. */
  readonly variable?: string;
  /** A change is taken over while the agent runs, on SIGHUP. */
  readonly reloads?: true;
  /** What completes its value in a shell, where the type does not say it. */
  readonly suggests?: Suggestion;
  /** The flag says the opposite of the option: `-disable-compression` turns `compression` off. Only for booleans. */
  readonly flagNegates?: true;
}

/** What a shell offers for a value: names of files, folders or members, or just these words. */
export type Suggestion = "files" | "folders" | "members" | readonly string[];

/** Declares an option that is set in programs alone. */
export function option<T>(type: OptionType<T>, value: NoInfer<T>, doc: string): Option<T> {
  return { type, default: value, doc };
}

/** What values an option takes, and how they are read from text and JSON. */
export interface OptionType<T> {
  /** For help and reference: "duration", "integer 1 to 10", "lan | wan | local". */
  readonly name: string;
  /** For the reference, where the name does not say it: "1s to 24h". */
  readonly range?: string;
  /** Returns the value, or what is wrong with it ("must be at least 1, is 0"). */
  check(value: unknown): Checked<T>;
  /** Reads the text of one flag; absent where an option cannot be given as text. The result is not yet checked. */
  readText?(text: string): Checked<unknown>;
  /** The entries of a list that is given as one text, as in the environment. Each is then read by `readText`. */
  splitText?(text: string): readonly string[];
  /** Reads a value from JSON where it looks different there (a duration is text). The result is not yet checked. */
  readJson?(value: unknown): Checked<unknown>;
  /** How a value joins a weaker source's, or the same flag's before it. Absent: it takes that one's place. */
  merge?(weaker: T, stronger: T): T;
  /** The flag may stand alone (`-replay`); a value then needs an equals sign (`-replay=false`), as in Go. */
  readonly isSwitch?: true;
  /** A message about a wrong value does not repeat it: it may be a secret with a typing error. */
  readonly isSecret?: true;
}

/** A value that is right, or what is wrong with it: "must be at least 1, is 0". */
export type Checked<T> = { readonly value: T } | { readonly problem: string };

/** Options by name. */
export type OptionDeclarations = Readonly<
  // biome-ignore lint/suspicious/noExplicitAny: the one place where options of all types meet
  Record<string, Option<any>>
>;

/** The values of declared options, complete. */
export type ResolvedOptions<D extends OptionDeclarations> = {
  readonly [K in keyof D]: D[K] extends Option<infer T> ? T : never;
};

/** Checks `given` against the declarations, fills in the defaults, and freezes the result. Throws INVALID_OPTION. */
export function resolveOptions<D extends OptionDeclarations>(
  declarations: D,
  given: Partial<ResolvedOptions<D>>,
): ResolvedOptions<D> {
  const resolved: Record<string, unknown> = {};
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(declarations, name)) throw new SerfError("INVALID_OPTION", `unknown option "${name}"`);
  }
  for (const [name, option] of Object.entries(declarations)) {
    const value = given[name];
    if (value === undefined) {
      resolved[name] = option.default;
      continue;
    }
    const checked = option.type.check(value);
    if ("problem" in checked) throw new SerfError("INVALID_OPTION", `option "${name}" ${checked.problem}`);
    resolved[name] = checked.value;
  }
  return Object.freeze(resolved) as ResolvedOptions<D>;
}

/** Values of some of the options, as one source (flags, one file) gives them. */
export type OptionSource = Record<string, unknown>;

/**
 * Adds a value given as text to `source`, and returns what is wrong with it, if anything. An empty text counts as not given,
 * as in the reference: scripts pass flags whose variables are empty.
 */
export function addText(declarations: OptionDeclarations, source: OptionSource, name: string, text: string) {
  const { type, flagNegates } = declarations[name]!;
  if (text === "") return undefined;
  const read = type.readText?.(text) ?? { problem: "cannot be given as text" };
  if ("problem" in read) return read.problem;
  return addValue(type, source, name, flagNegates ? !read.value : read.value);
}

/** Adds a value that came from the environment; a list is one text there. An empty text counts as not given. */
export function addVariable(declarations: OptionDeclarations, source: OptionSource, name: string, text: string) {
  const { type } = declarations[name]!;
  if (text === "") return undefined;
  for (const entry of type.splitText?.(text) ?? [text]) {
    const read = type.readText?.(entry) ?? { problem: "cannot be given as text" };
    const wrong = "problem" in read ? read.problem : addValue(type, source, name, read.value);
    if (wrong !== undefined) return wrong;
  }
  return undefined;
}

/** "SERF_" and the key in upper case, its parts joined by "_": "SERF_RPC_ADDR". Undefined for what only programs set. */
export function variableOf({ variable, key }: Option<unknown>): string | undefined {
  return variable ?? (key === undefined ? undefined : `SERF_${key.toUpperCase().replaceAll(".", "_")}`);
}

/** Adds a value that came from JSON. `null` and an empty text count as not given. */
export function addJson(declarations: OptionDeclarations, source: OptionSource, name: string, value: unknown) {
  const { type } = declarations[name]!;
  if (value === null || value === "") return undefined;
  const read = type.readJson?.(value) ?? { value };
  return "problem" in read ? read.problem : addValue(type, source, name, read.value);
}

function addValue(type: OptionType<unknown>, source: OptionSource, name: string, value: unknown): string | undefined {
  const checked = type.check(value);
  if ("problem" in checked) return checked.problem;
  source[name] = name in source && type.merge ? type.merge(source[name], checked.value) : checked.value;
  return undefined;
}

/** Joins sources from the weakest to the strongest. Whatever a source gives counts, `false` and `0` too. */
export function mergeSources(declarations: OptionDeclarations, sources: readonly OptionSource[]): OptionSource {
  const merged: OptionSource = {};
  for (const source of sources) {
    for (const [name, value] of Object.entries(source)) {
      const merge = declarations[name]?.type.merge;
      merged[name] = name in merged && merge ? merge(merged[name], value) : value;
    }
  }
  return merged;
}

/** The option of that flag or JSON key; keys are found in any case. */
export function findOption(declarations: OptionDeclarations, by: "flag" | "key", text: string): string | undefined {
  const wanted = by === "key" ? text.toLowerCase() : text;
  for (const [name, option] of Object.entries(declarations)) {
    if (option[by] === wanted || (by === "flag" && option.flagAlias === wanted)) return name;
  }
  return undefined;
}

/** A whole number within the bounds, which count. */
export function integer(min: number, max: number): OptionType<number> {
  return {
    name: `integer ${min} to ${max}`,
    readText: (text) => ({ value: /^[+-]?\d+$/.test(text) ? Number(text) : text }),
    check: (value) =>
      typeof value === "number" && Number.isInteger(value) && value >= min && value <= max
        ? { value }
        : { problem: `must be an integer from ${min} to ${max}, is ${JSON.stringify(value)}` },
  };
}

/** Milliseconds, as a number. Text forms ("1m30s") are read where text comes in: flags, JSON, environment. */
export function durationMs(minMs: number, maxMs: number): OptionType<number> {
  return {
    name: "duration",
    range: `${formatDuration(minMs)} to ${formatDuration(maxMs)}`,
    readText: parseDuration,
    readJson: (value) =>
      typeof value === "string" ? parseDuration(value) : { problem: 'must be a duration like "30s", in quotes' },
    check: (value) =>
      typeof value === "number" && value >= minMs && value <= maxMs
        ? { value }
        : { problem: `must be a duration from ${inWords(minMs)} to ${inWords(maxMs)}, is ${inWords(value)}` },
  };
}

function inWords(value: unknown): string {
  return typeof value === "number" ? formatDuration(value) : JSON.stringify(value);
}

/** True or false. A flag of it may stand alone. */
export function boolean(): OptionType<boolean> {
  return {
    name: "true | false",
    isSwitch: true,
    readText: (text) => {
      if (/^(1|t|T|TRUE|true|True)$/.test(text)) return { value: true };
      return /^(0|f|F|FALSE|false|False)$/.test(text) ? { value: false } : { value: text };
    },
    check: (value) =>
      typeof value === "boolean" ? { value } : { problem: `must be true or false, is ${JSON.stringify(value)}` },
  };
}

/** Far above what any option needs. */
const textBytesMaxDefault = 65_536;

/** `bytesMax` counts the text as UTF-8. */
export function text(bytesMax = textBytesMaxDefault): OptionType<string> {
  return {
    name: "text",
    ...(bytesMax === textBytesMaxDefault ? {} : { range: `at most ${bytesMax} bytes` }),
    readText: (given) => ({ value: given }),
    check: (value) =>
      typeof value === "string" && utf8Length(value) <= bytesMax
        ? { value }
        : { problem: `must be a text of at most ${bytesMax} bytes` },
  };
}

/** One of a few words. */
export function choice<const T extends string>(...choices: readonly T[]): OptionType<T> {
  return {
    name: choices.join(" | "),
    readText: (given) => ({ value: given }),
    check: (value) =>
      choices.includes(value as T)
        ? { value: value as T }
        : { problem: `must be one of ${choices.join(", ")}, is ${JSON.stringify(value)}` },
  };
}

/** Entries stand in lines of their own; a text of one line is divided at `separator`, unless entries may hold that. */
function splitEntries(text: string, separator: "," | undefined): readonly string[] {
  const parts = text.includes("\n") || separator === undefined ? text.split("\n") : text.split(separator);
  return parts.map((part) => part.trim()).filter((part) => part !== "");
}

/**
 * A list; a flag gives one entry each time it stands, and lists of several sources follow each other. In the environment entries are
 * divided by commas, or by line feeds; where entries have commas of their own (`separator` undefined) by line feeds alone.
 */
export function texts(separator: "," | undefined = ","): OptionType<readonly string[]> {
  return {
    name: "list of texts",
    check: (value) =>
      Array.isArray(value) && value.every((entry) => typeof entry === "string")
        ? { value: value as readonly string[] }
        : { problem: `must be a list of texts, is ${JSON.stringify(value)}` },
    readText: (given) => ({ value: [given] }),
    splitText: (given) => splitEntries(given, separator),
    merge: (weaker, stronger) => [...weaker, ...stronger],
  };
}

/**
 * Key and value pairs; a flag gives one as `key=value`, and those of a stronger source replace only their own keys. In the environment
 * they are divided by commas, or by line feeds where a value has commas.
 */
export function pairs(): OptionType<Readonly<Record<string, string>>> {
  return {
    name: "key=value",
    check: (value) =>
      typeof value === "object" &&
      value !== null &&
      !Array.isArray(value) &&
      Object.values(value).every((entry) => typeof entry === "string")
        ? { value: value as Readonly<Record<string, string>> }
        : { problem: `must be an object whose values are texts, is ${JSON.stringify(value)}` },
    readText: (given) => {
      const equals = given.indexOf("=");
      return equals <= 0
        ? { problem: `must be key=value, is ${JSON.stringify(given)}` }
        : { value: Object.fromEntries([[given.slice(0, equals), given.slice(equals + 1)]]) };
    },
    splitText: (given) => splitEntries(given, ","),
    merge: (weaker, stronger) => ({ ...weaker, ...stronger }),
  };
}
