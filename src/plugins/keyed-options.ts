/** A plugin's options as files, commands and lists have them: by key, in JSON or text. */

import { formatDuration } from "../base/duration.ts";
import { SerfError } from "../base/errors.ts";
import { nearestWord } from "../base/nearest-word.ts";
import {
  addJson,
  addText,
  type Checked,
  type Option,
  type OptionDeclarations,
  type OptionSource,
  type OptionType,
  resolveOptions,
} from "../base/options.ts";

/** Options by key, as a file holds them: plain JSON. */
export type KeyedOptions = Readonly<Record<string, unknown>>;

/** An option for whoever looks at a plugin. Secrets are masked. */
export interface OptionView {
  readonly key: string;
  /** "duration", "integer 1 to 10". */
  readonly type: string;
  readonly doc: string;
  readonly default: unknown;
  /** What is set; absent where the default counts. */
  readonly value?: unknown;
  /** Of a list of objects, what they hold. */
  readonly fields?: readonly OptionView[];
}

const masked = "(set)";

/** `checkCommand` is `check_command`, and the duration `waitMaxMs` is `wait_max`, which is written with its unit: "10s". */
export function keyOf(name: string, { type, key }: Option<unknown>): string {
  if (key !== undefined) return key;
  const snake = name.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
  return type.name === "duration" ? snake.replace(/_ms$/, "") : snake;
}

/** Reads JSON that has keys, fills in the defaults and freezes the result. Without a mistake in it, the value is complete. */
export function readByKeys(
  declarations: OptionDeclarations,
  json: unknown,
): Checked<Readonly<Record<string, unknown>>> {
  if (typeof json !== "object" || json === null || Array.isArray(json)) return { problem: "must be an object" };
  const source: OptionSource = {};
  for (const [key, value] of Object.entries(json)) {
    const name = findByKey(declarations, key);
    if (name === undefined) return { problem: unknownKey(declarations, key) };
    const problem = addJson(declarations, source, name, value);
    if (problem !== undefined) return { problem: `${key}: ${problem}` };
  }
  return { value: resolveOptions(declarations, source) };
}

/**
 * What a file is to hold after `key=value` of a command: the other keys stay, an empty value takes the default again, and several of
 * one key make a list. Throws PLUGIN_INVALID.
 */
export function withTexts(
  declarations: OptionDeclarations,
  stored: KeyedOptions,
  texts: readonly (readonly [key: string, text: string])[],
): KeyedOptions {
  const changed: Record<string, unknown> = { ...stored };
  const source: OptionSource = {};
  for (const [key, text] of texts) {
    const name = findByKey(declarations, key);
    if (name === undefined) throw new SerfError("PLUGIN_INVALID", unknownKey(declarations, key));
    const option = declarations[name]!;
    const problem = addText(declarations, source, name, text);
    if (problem !== undefined) throw new SerfError("PLUGIN_INVALID", `${key}: ${problem}`);
    const stays = keyOf(name, option);
    if (text === "") delete changed[stays];
    else changed[stays] = storedForm(option, source[name], text);
  }
  return changed;
}

/** Every option with its default and what is set. */
export function viewOptions(declarations: OptionDeclarations, stored: KeyedOptions): OptionView[] {
  return Object.entries(declarations).map(([name, option]) => {
    const key = keyOf(name, option);
    const fields = fieldsOf(option.type);
    const isSet = Object.hasOwn(stored, key);
    return {
      key,
      type: option.type.name,
      doc: option.doc,
      default: shownDefault(option),
      ...(isSet && { value: shownValue(option.type, stored[key]) }),
      ...(fields && { fields: viewOptions(fields, {}) }),
    };
  });
}

/** The declarations within a list of objects. */
function fieldsOf(type: OptionType<unknown>): OptionDeclarations | undefined {
  return "fields" in type ? (type.fields as OptionDeclarations) : undefined;
}

function findByKey(declarations: OptionDeclarations, key: string): string | undefined {
  const wanted = key.toLowerCase();
  return Object.keys(declarations).find((name) => keyOf(name, declarations[name]!) === wanted);
}

function unknownKey(declarations: OptionDeclarations, key: string): string {
  const known = Object.entries(declarations).map(([name, option]) => keyOf(name, option));
  const nearest = nearestWord(key, known);
  const hint = known.length === 0 ? "; there are no options" : `; the options are ${known.join(", ")}`;
  return `unknown option ${JSON.stringify(key)}${nearest === undefined ? hint : `, did you mean "${nearest}"?`}`;
}

/** In JSON a duration is a text, and a list of objects has keys and not names. */
function storedForm({ type }: Option<unknown>, value: unknown, text: string): unknown {
  if (fieldsOf(type) !== undefined) return JSON.parse(text) as unknown;
  return type.readJson === undefined ? value : text;
}

function shownDefault({ type, default: value }: Option<unknown>): unknown {
  return type.name === "duration" ? formatDuration(value as number) : value;
}

function shownValue(type: OptionType<unknown>, value: unknown): unknown {
  if (type.isSecret) return masked;
  const fields = fieldsOf(type);
  if (fields === undefined || !Array.isArray(value)) return value;
  return value.map((entry: unknown) => maskFields(fields, entry));
}

function maskFields(fields: OptionDeclarations, entry: unknown): unknown {
  if (typeof entry !== "object" || entry === null) return entry;
  const shown = Object.entries(entry).map(([key, value]) => {
    const name = findByKey(fields, key);
    return [key, name === undefined ? value : shownValue(fields[name]!.type, value)];
  });
  return Object.fromEntries(shown);
}
