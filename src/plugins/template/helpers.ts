/** What templates can do with lists and texts. Lists are never changed, and whatever is no list is an error: a name was misspelt. */

import { memberTest } from "../shared/member-choice.ts";
import { plainWord } from "../shared/plain-text.ts";

/** Named arguments: `status="alive"`. */
export type Named = Readonly<Record<string, unknown>>;
type Helper = (args: readonly unknown[], named: Named) => unknown;
type Entry = Parameters<ReturnType<typeof memberTest>>[0];

/** web-2 before web-10. */
const natural = new Intl.Collator("en", { numeric: true });

/** Values that `json` wrote need nothing more. */
export class Verbatim {
  private readonly content: string;

  constructor(content: string) {
    this.content = content;
  }

  /** The engine writes what this returns as it is. */
  toHTML(): string {
    return this.content;
  }
}

/** By name; the first argument is the value that the helper works on. */
export const helpers: Readonly<Record<string, Helper>> = {
  where: ([list], named) => {
    const { status, name, tag, ...others } = named;
    const unknown = Object.keys(others)[0];
    if (unknown !== undefined) throw new Error(`where: knows status, name and tag, and not ${unknown}`);
    const choice = { status: optionalText(status), name: optionalText(name), tag: optionalText(tag) };
    return listOf("where", list).filter((entry) => memberTest(choice)(entry as Entry));
  },
  sort: ([list, key = ""], { reverse }) => {
    const sorted = listOf("sort", list)
      .map((entry) => [textOf(valueAt(entry, textOf(key))), entry] as const)
      .sort(([a], [b]) => compare(a, b))
      .map(([, entry]) => entry);
    return reverse === true ? sorted.reverse() : sorted;
  },
  groupBy: ([list, key]) => {
    const groups = new Map<string, unknown[]>();
    for (const entry of listOf("groupBy", list)) {
      const value = textOf(valueAt(entry, textOf(key)));
      const group = groups.get(value);
      if (group !== undefined) group.push(entry);
      else if (value !== "") groups.set(value, [entry]);
    }
    return [...groups].sort(([a], [b]) => compare(a, b)).map(([value, members]) => ({ key: value, members }));
  },
  first: ([list, countMax]) => {
    const entries = listOf("first", list);
    return countMax === undefined ? entries[0] : entries.slice(0, Math.max(0, Number(countMax)));
  },
  count: ([list]) => listOf("count", list).length,
  join: ([list, separator = ", ", key = ""]) =>
    listOf("join", list)
      .map((entry) => textOf(valueAt(entry, textOf(key))))
      .join(textOf(separator)),
  split: ([text, separator = ","]) =>
    textOf(text)
      .split(textOf(separator))
      .map((part) => part.trim())
      .filter((part) => part !== ""),
  json: ([value], { indent = 0 }) => new Verbatim(JSON.stringify(value ?? null, null, Number(indent))),
  default: (values) => values.find((value) => value !== undefined && value !== null && value !== ""),
  word: ([text]) => plainWord(textOf(text)),
  lower: ([text]) => textOf(text).toLowerCase(),
  upper: ([text]) => textOf(text).toUpperCase(),
  eq: ([a, b]) => a === b || textOf(a) === textOf(b),
  ne: ([a, b]) => a !== b && textOf(a) !== textOf(b),
  and: (values) => values.every(Boolean),
  or: (values) => values.some(Boolean),
  not: ([value]) => !value,
};

function listOf(helper: string, value: unknown): readonly unknown[] {
  if (Array.isArray(value)) return value;
  throw new Error(`${helper}: works on a list, and got ${value === undefined ? "nothing" : typeof value}`);
}

function optionalText(value: unknown): string {
  return value === undefined ? "" : textOf(value);
}

/** What can stand in a text. Others are mistakes: "[object Object]" helps nobody. */
export function textOf(value: unknown): string {
  switch (typeof value) {
    case "string":
      return value;
    case "number":
    case "boolean":
    case "bigint":
      return String(value);
    case "undefined":
      return "";
    default:
      if (value === null) return "";
      if (value instanceof Verbatim) return value.toHTML();
      throw new Error(
        `${Array.isArray(value) ? "a list" : "an object"} is no text: name what of it, or use join or json`,
      );
  }
}

/** "name" or "tags.role" of an entry; the entry itself for "". Tags that are not there are undefined. */
function valueAt(entry: unknown, path: string): unknown {
  if (path === "") return entry;
  return path.split(".").reduce<unknown>((value, name) => {
    if (typeof value !== "object" || value === null) return undefined;
    // An entry that knows its names says so where one is none of them.
    const found = (value as Readonly<Record<string, unknown>>)[name];
    return Object.hasOwn(value, name) ? found : undefined;
  }, entry);
}

function compare(a: string, b: string): number {
  return natural.compare(a, b) || (a < b ? -1 : Number(a > b));
}
