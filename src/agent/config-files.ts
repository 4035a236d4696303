/** Configuration files: JSON objects whose keys are those of the option declarations, and directories of such files. */

import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SerfError } from "../base/errors.ts";
import { nearestWord } from "../base/nearest-word.ts";
import { addJson, findOption, type OptionSource } from "../base/options.ts";
import { findJsonProblem } from "./json-problem.ts";
import { agentOptions } from "./options.ts";

/**
 * Reads files and directories in the order given; of a directory the files ending in ".json", in alphabetical order, and
 * nothing below it. Throws INVALID_CONFIG_FILE: the message names the file and what is wrong, and where.
 */
export function readConfigPaths(paths: readonly string[]): OptionSource[] {
  return paths.flatMap(listFiles).map(readConfigFile);
}

function listFiles(path: string): string[] {
  const folder = reading(path, () =>
    statSync(path).isDirectory() ? readdirSync(path, { withFileTypes: true }) : undefined,
  );
  if (folder === undefined) return [path];
  return folder
    .filter((entry) => entry.name.endsWith(".json") && !entry.isDirectory())
    .map((entry) => join(path, entry.name))
    .sort();
}

function readConfigFile(path: string): OptionSource {
  const text = reading(path, () => readFileSync(path, "utf8")).replace(/^\uFEFF/, "");
  const problem = findJsonProblem(text);
  if (problem !== undefined)
    throw problemIn(path, `not JSON at line ${problem.line}, column ${problem.column}: ${problem.found}`);
  const config: unknown = JSON.parse(text);
  if (typeof config !== "object" || config === null || Array.isArray(config))
    throw problemIn(path, "the file must hold one JSON object");
  const source: OptionSource = {};
  addEntries(source, config, [], path);
  return source;
}

/** `folder` are the keys under which `config` stands: options that belong together may be an object of their own. */
function addEntries(source: OptionSource, config: object, folder: readonly string[], path: string): void {
  for (const [key, value] of Object.entries(config)) {
    const place = [...folder, key];
    const name = key.includes(".") ? undefined : findOption(agentOptions, "key", place.join("."));
    if (name !== undefined) {
      const wrong = addJson(agentOptions, source, name, value);
      if (wrong !== undefined) throw problemIn(path, `${place.join(".")}: ${wrong}`);
    } else if (!isFolder(place)) {
      throw problemIn(path, unknownKey(place));
    } else if (typeof value !== "object" || Array.isArray(value)) {
      throw problemIn(path, `${place.join(".")}: must be an object, is ${JSON.stringify(value)}`);
    } else if (value !== null) {
      addEntries(source, value, place, path);
    }
  }
}

const knownKeys = Object.values(agentOptions).flatMap((option) => ("key" in option ? [option.key] : []));

function isFolder(place: readonly string[]): boolean {
  const prefix = `${place.join(".").toLowerCase()}.`;
  return knownKeys.some((key) => key.startsWith(prefix));
}

function unknownKey(place: readonly string[]): string {
  const nearest = nearestWord(place.join("."), knownKeys);
  return `unknown key ${describeKey(place)}${nearest === undefined ? "" : `, did you mean ${describeKey(nearest.split("."))}?`}`;
}

/** "bind", or "interface" in "mdns" */
function describeKey(place: readonly string[]): string {
  return place
    .map((key) => JSON.stringify(key))
    .reverse()
    .join(" in ");
}

function reading<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    throw new SerfError("INVALID_CONFIG_FILE", `Error reading '${path}': open ${path}: ${describeFailure(error)}`, {
      cause: error,
    });
  }
}

function problemIn(path: string, problem: string): SerfError {
  return new SerfError("INVALID_CONFIG_FILE", `Error decoding '${path}': ${problem}`);
}

/** Node's "ENOENT: no such file or directory, open '…'" without what the line already says. */
function describeFailure(error: unknown): string {
  return messageOf(error)
    .replace(/^E\w+: /, "")
    .replace(/, \w+( '.*')?$/s, "");
}
