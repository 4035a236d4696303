/** The plugin directory: one JSON file an instance. */

import { mkdirSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { messageOf, SerfError } from "../base/errors.ts";
import { describeFileFailure } from "../host/file-failure.ts";
import { writeFileWhole } from "../host/write-file.ts";
import { isPluginName } from "../plugins/declaration.ts";
import type { InstanceConfig, InstanceOrigin } from "./instance-config.ts";

/** Options may be secrets. */
const fileMode = 0o600;
const folderMode = 0o700;
const filesMax = 256;

/** A file that is no instance, with what is wrong with it. */
export interface BrokenFile {
  readonly name: string;
  readonly problem: string;
}

export interface ReadFiles {
  readonly configs: readonly InstanceConfig[];
  readonly broken: readonly BrokenFile[];
}

export class InstanceFiles {
  readonly folder: string;

  constructor(folder: string) {
    this.folder = folder;
  }

  /** Every instance, in alphabetical order. A folder that does not exist yet holds none. Throws PLUGIN_FILE_FAILED. */
  read(): ReadFiles {
    const configs: InstanceConfig[] = [];
    const broken: BrokenFile[] = [];
    for (const file of this.listFiles()) {
      const name = file.slice(0, -".json".length);
      const config = this.readFile(name);
      if ("problem" in config) broken.push(config);
      else configs.push(config);
    }
    return { configs, broken };
  }

  /** Throws PLUGIN_FILE_FAILED; the file then holds what it held before. */
  write({ name, plugin, origin, enabled, options }: InstanceConfig): void {
    const from =
      origin.kind === "box" ? {} : origin.kind === "folder" ? { folder: origin.folder } : { package: origin.package };
    const text = `${JSON.stringify({ plugin, ...from, enabled, options }, undefined, 2)}\n`;
    try {
      mkdirSync(this.folder, { recursive: true, mode: folderMode });
    } catch (error) {
      throw failed(describeFileFailure(error));
    }
    const problem = writeFileWhole(this.pathOf(name), text, fileMode);
    if (problem !== undefined) throw failed(problem);
  }

  /** Throws PLUGIN_FILE_FAILED. */
  remove(name: string): void {
    try {
      rmSync(this.pathOf(name), { force: true });
    } catch (error) {
      throw failed(describeFileFailure(error));
    }
  }

  /** The folder of an instance's own files. Throws PLUGIN_FILE_FAILED. */
  dataFolder(name: string): string {
    const folder = join(this.folder, "data", name);
    try {
      mkdirSync(folder, { recursive: true, mode: folderMode });
    } catch (error) {
      throw failed(describeFileFailure(error));
    }
    return folder;
  }

  private pathOf(name: string): string {
    return join(this.folder, `${name}.json`);
  }

  private listFiles(): string[] {
    try {
      const names = readdirSync(this.folder, { withFileTypes: true })
        .filter((entry) => entry.name.endsWith(".json") && !entry.isDirectory())
        .map(({ name }) => name)
        .sort();
      if (names.length > filesMax) throw failed(`${this.folder} holds more than ${filesMax} files`);
      return names;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
      throw error instanceof SerfError ? error : failed(describeFileFailure(error));
    }
  }

  private readFile(name: string): InstanceConfig | BrokenFile {
    const path = this.pathOf(name);
    const broken = (problem: string): BrokenFile => ({ name, problem: `${path}: ${problem}` });
    if (!isPluginName(name))
      return broken("the name is none of an instance: 1 to 32 lower-case letters, digits and dashes");
    let json: unknown;
    try {
      json = JSON.parse(readFileSync(path, "utf8"));
    } catch (error) {
      return broken(error instanceof SyntaxError ? `not JSON: ${messageOf(error)}` : describeFileFailure(error));
    }
    const config = readConfig(name, json);
    return typeof config === "string" ? broken(config) : config;
  }
}

const knownKeys = ["plugin", "folder", "package", "enabled", "options"];

/** Or what is wrong with it. */
function readConfig(name: string, json: unknown): InstanceConfig | string {
  if (!isObject(json)) return "must be one JSON object";
  const unknown = Object.keys(json).find((key) => !knownKeys.includes(key));
  if (unknown !== undefined) return `unknown key ${JSON.stringify(unknown)}; options belong into "options"`;
  const { plugin, folder, package: fromPackage, enabled = true, options = {} } = json;
  if (typeof plugin !== "string" || !isPluginName(plugin)) return `"plugin" must be the name of a plugin`;
  if (typeof enabled !== "boolean") return `"enabled" must be true or false`;
  if (!isObject(options)) return `"options" must be an object`;
  const origin = readOrigin(folder, fromPackage);
  return typeof origin === "string" ? origin : { name, plugin, origin, enabled, options };
}

function readOrigin(folder: unknown, fromPackage: unknown): InstanceOrigin | string {
  if (folder === undefined && fromPackage === undefined) return { kind: "box" };
  if (folder !== undefined && fromPackage !== undefined) return `"folder" and "package" exclude each other`;
  if (typeof folder === "string") return { kind: "folder", folder };
  return typeof fromPackage === "string"
    ? { kind: "package", package: fromPackage }
    : `"folder" and "package" must be texts`;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function failed(problem: string): SerfError {
  return new SerfError("PLUGIN_FILE_FAILED", problem);
}
