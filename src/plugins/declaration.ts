/** Whether what a module exports is a plugin. It may come from anybody, and from plain JavaScript. */

import { SerfError } from "../base/errors.ts";
import type { OptionDeclarations } from "../base/options.ts";
import { keyOf } from "./keyed-options.ts";
import type { Plugin } from "./plugin.ts";

const namePattern = /^[a-z][a-z0-9-]{0,31}$/;
const descriptionLengthMax = 100;

/** True for what plugins, their instances and their actions may be called. */
export function isPluginName(text: string): boolean {
  return namePattern.test(text);
}

/** Returns it as a plugin. Throws PLUGIN_INVALID, which says what is wrong with it. */
export function checkDeclaration(declared: unknown): Plugin {
  const problem = findProblem(declared);
  if (problem !== undefined) throw new SerfError("PLUGIN_INVALID", problem);
  return declared as Plugin;
}

function findProblem(declared: unknown): string | undefined {
  if (typeof declared !== "object" || declared === null) return "the module has no export named `plugin`";
  const { name, description, options, buildsOn, actions, start } = declared as Partial<Record<keyof Plugin, unknown>>;
  if (typeof name !== "string" || !isPluginName(name))
    return `the plugin's name must be 1 to 32 lower-case letters, digits and dashes, a letter first, and is ${JSON.stringify(name)}`;
  if (typeof description !== "string" || description.length > descriptionLengthMax || description.includes("\n"))
    return `the description of ${name} must be one line of at most ${descriptionLengthMax} characters`;
  if (typeof start !== "function") return `${name} has no function start`;
  if (!isNameList(buildsOn)) return `buildsOn of ${name} must be a list of names of plugins`;
  if (buildsOn?.includes(name)) return `${name} builds on itself`;
  return findOptionsProblem(name, options) ?? findActionsProblem(name, actions);
}

function isNameList(value: unknown): value is readonly string[] | undefined {
  if (value === undefined) return true;
  return Array.isArray(value) && value.every((entry) => typeof entry === "string" && isPluginName(entry));
}

function findOptionsProblem(plugin: string, options: unknown): string | undefined {
  if (typeof options !== "object" || options === null) return `options of ${plugin} must be an object of declarations`;
  const keys = new Set<string>();
  for (const [name, option] of Object.entries(options as OptionDeclarations)) {
    if (typeof option?.type?.check !== "function" || typeof option.doc !== "string" || !("default" in option))
      return `option ${name} of ${plugin} must have type, default and doc`;
    const key = keyOf(name, option);
    if (keys.has(key)) return `two options of ${plugin} have the key ${key}`;
    keys.add(key);
  }
  return undefined;
}

function findActionsProblem(plugin: string, actions: unknown): string | undefined {
  if (actions === undefined) return undefined;
  if (typeof actions !== "object" || actions === null) return `actions of ${plugin} must be an object`;
  for (const [name, action] of Object.entries(actions as NonNullable<Plugin["actions"]>)) {
    if (!isPluginName(name) || typeof action?.usage !== "string" || typeof action.doc !== "string")
      return `action ${name} of ${plugin} must be named like a plugin and have usage and doc`;
  }
  return undefined;
}
