/** From what an operator names to the file that a thread imports. */

import { existsSync, readFileSync, statSync } from "node:fs";
import { isAbsolute, join, resolve } from "node:path";
import { messageOf, SerfError } from "../base/errors.ts";
import type { PluginSource } from "../plugins/thread/messages.ts";
import type { InstanceConfig } from "./instance-config.ts";

/** Where a folder has its module, if its package.json does not say. TypeScript only where Node itself runs it. */
const usualEntries = ["index.js", "index.mjs", "index.cjs", "plugin.js", "plugin.mjs", "plugin.cjs"];
const typescriptEntries = ["index.ts", "plugin.ts"];

/** Throws PLUGIN_INVALID where there is none. `packagesFolder` is where packages are installed. */
export function sourceOf({ plugin, origin }: InstanceConfig, packagesFolder: string | undefined): PluginSource {
  switch (origin.kind) {
    case "box":
      return { kind: "built-in", name: plugin };
    case "folder":
      return { kind: "file", path: findEntry(origin.folder) };
    case "package":
      return { kind: "file", path: findEntry(join(packagesFolder ?? "", "node_modules", origin.package)) };
  }
}

/** The file of a folder's plugin, or the file itself. */
export function findEntry(path: string): string {
  if (!isAbsolute(path)) throw new SerfError("PLUGIN_INVALID", `${path} must be an absolute path`);
  const stat = statSync(path, { throwIfNoEntry: false });
  if (stat === undefined) throw new SerfError("PLUGIN_INVALID", `there is no ${path}`);
  if (!stat.isDirectory()) return path;
  const named = entryOfPackage(path);
  if (named !== undefined) return resolve(path, named);
  const entries = runsTypeScript() ? [...usualEntries, ...typescriptEntries] : usualEntries;
  const found = entries.find((entry) => existsSync(join(path, entry)));
  if (found !== undefined) return join(path, found);
  const onlyTypeScript = typescriptEntries.some((entry) => existsSync(join(path, entry)));
  const hint = onlyTypeScript ? `; Node ${process.versions.node} does not run TypeScript by itself: compile it` : "";
  throw new SerfError(
    "PLUGIN_INVALID",
    `${path} holds no package.json with "exports" or "main", nor ${entries[0]}${hint}`,
  );
}

function runsTypeScript(): boolean {
  return Boolean((process.features as { typescript?: unknown }).typescript);
}

function entryOfPackage(folder: string): string | undefined {
  const path = join(folder, "package.json");
  if (!existsSync(path)) return undefined;
  try {
    const { exports, main } = JSON.parse(readFileSync(path, "utf8")) as { exports?: unknown; main?: unknown };
    return entryOfExports(exports) ?? (typeof main === "string" ? main : undefined);
  } catch (error) {
    throw new SerfError("PLUGIN_INVALID", `${path}: ${messageOf(error)}`);
  }
}

/** A text, or the first of the conditions that hold here; those of "." where there are several entries. */
function entryOfExports(exports: unknown): string | undefined {
  if (typeof exports === "string") return exports;
  if (typeof exports !== "object" || exports === null) return undefined;
  if ("." in exports) return entryOfExports(exports["."]);
  for (const [condition, target] of Object.entries(exports)) {
    if (!["import", "node", "default"].includes(condition)) continue;
    const entry = entryOfExports(target);
    if (entry !== undefined) return entry;
  }
  return undefined;
}
