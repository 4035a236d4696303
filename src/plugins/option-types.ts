/** Types of options that plugins need besides those of the agent. */

import { messageOf } from "../base/errors.ts";
import {
  type Checked,
  type OptionDeclarations,
  type OptionType,
  type ResolvedOptions,
  resolveOptions,
} from "../base/options.ts";
import { readByKeys } from "./keyed-options.ts";

/** A value that no list, log or error shows: a password, a token. */
export function secret<T>(type: OptionType<T>): OptionType<T> {
  const { name, range, readText, readJson } = type;
  // What a type says of a wrong value may repeat it.
  const wanted = { problem: `must be ${name}${range === undefined ? "" : ` (${range})`}` };
  const withoutValue = <V>(checked: Checked<V>): Checked<V> => ("problem" in checked ? wanted : checked);
  return {
    ...type,
    isSecret: true,
    check: (value) => withoutValue(type.check(value)),
    ...(readText && { readText: (given: string) => withoutValue(readText(given)) }),
    ...(readJson && { readJson: (value: unknown) => withoutValue(readJson(value)) }),
  };
}

/** A type made of declarations, whose JSON has their keys. */
export interface RecordsType<D extends OptionDeclarations> extends OptionType<readonly ResolvedOptions<D>[]> {
  readonly fields: D;
}

/**
 * A list of objects whose fields are options themselves, for what there are several of: templates, pools, URLs. In files and on the
 * command line it is JSON with the fields' keys: `pools=[{"name": "web", "port": 80}]`. At most `countMax` of them.
 */
export function records<const D extends OptionDeclarations>(fields: D, countMax = 256): RecordsType<D> {
  return {
    name: "list of objects",
    fields,
    readText: (text) => {
      try {
        const value: unknown = JSON.parse(text);
        // One object is a list of one.
        return readList(fields, Array.isArray(value) ? value : [value]);
      } catch (error) {
        // Only where: the engine quotes what stands there, and that may be a secret.
        const where = / at position \d+/.exec(messageOf(error))?.[0] ?? "";
        return { problem: `must be a JSON list of objects, and is not JSON${where}` };
      }
    },
    readJson: (value) => readList(fields, value),
    check: (value) => {
      if (!Array.isArray(value) || value.length > countMax)
        return { problem: `must be a list of at most ${countMax} objects` };
      try {
        return { value: Object.freeze(value.map((entry) => resolveOptions(fields, entry))) };
      } catch (error) {
        return { problem: `has an object whose ${messageOf(error)}` };
      }
    },
  };
}

function readList(fields: OptionDeclarations, value: unknown): Checked<unknown> {
  if (!Array.isArray(value)) return { problem: "must be a list of objects" };
  const read: unknown[] = [];
  for (const [index, entry] of value.entries()) {
    const result = readByKeys(fields, entry);
    if ("problem" in result) return { problem: `entry ${index + 1}: ${result.problem}` };
    read.push(result.value);
  }
  return { value: read };
}
