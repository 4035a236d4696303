/**
 * Options are declared once. From a declaration come its type, default, range check, command line flag, JSON key,
 * environment variable, the way values from several sources merge, its line in `--help` and its entry in the reference
 * page.
 */

import { SerfError } from "./errors.ts";

/** One option. `T` is its type once resolved. */
export interface Option<T> {
  readonly type: OptionType<T>;
  readonly default: T;
  /** One paragraph: what it does, how to choose it, how it relates to others. The first sentence is the line in `--help`. */
  readonly doc: string;
  /** Command line flag without dashes, JSON key: only for options that an agent's operator sets. */
  readonly flag?: string;
  readonly key?: string;
}

export interface OptionType<T> {
  /** For help and reference: "duration", "integer 1 to 10", "lan | wan | local". */
  readonly name: string;
  /** Returns the value, or what is wrong with it ("must be at least 1, is 0"). */
  check(value: unknown): { readonly value: T } | { readonly problem: string };
}

// biome-ignore lint/suspicious/noExplicitAny: the one place where options of all types meet
export type OptionDeclarations = Readonly<Record<string, Option<any>>>;

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

export function integer(min: number, max: number): OptionType<number> {
  return {
    name: `integer ${min} to ${max}`,
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
    check: (value) =>
      typeof value === "number" && value >= minMs && value <= maxMs
        ? { value }
        : { problem: `must be a duration from ${minMs} ms to ${maxMs} ms, is ${JSON.stringify(value)}` },
  };
}

export function boolean(): OptionType<boolean> {
  return {
    name: "true | false",
    check: (value) =>
      typeof value === "boolean" ? { value } : { problem: `must be true or false, is ${JSON.stringify(value)}` },
  };
}

export function text(maxBytes = 65_536): OptionType<string> {
  return {
    name: "text",
    check: (value) =>
      typeof value === "string" && value.length <= maxBytes
        ? { value }
        : { problem: `must be a text of at most ${maxBytes} characters` },
  };
}

export function choice<const T extends string>(...choices: readonly T[]): OptionType<T> {
  return {
    name: choices.join(" | "),
    check: (value) =>
      choices.includes(value as T)
        ? { value: value as T }
        : { problem: `must be one of ${choices.join(", ")}, is ${JSON.stringify(value)}` },
  };
}
