import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { messageOf, SerfError } from "../../base/errors.ts";
import { builtInPlugins } from "../built-in.ts";
import { checkDeclaration } from "../declaration.ts";
import type { Plugin } from "../plugin.ts";
import type { PluginSource } from "./messages.ts";
import { offerOurModule } from "./offer-module.ts";

/** Imports the module of a plugin. Throws PLUGIN_UNKNOWN or PLUGIN_INVALID. */
export async function loadPlugin(source: PluginSource): Promise<Plugin> {
  if (source.kind === "file") return checkDeclaration(await importPlugin(source.path));
  const builtIn = Object.hasOwn(builtInPlugins, source.name) ? builtInPlugins[source.name] : undefined;
  if (builtIn === undefined) throw new SerfError("PLUGIN_UNKNOWN", `there is no plugin "${source.name}"`);
  return checkDeclaration((await builtIn.load()).plugin);
}

async function importPlugin(path: string): Promise<unknown> {
  offerOurModule(dirname(path));
  let loaded: { readonly plugin?: unknown; readonly default?: unknown };
  try {
    loaded = await import(pathToFileURL(path).href);
  } catch (error) {
    throw new SerfError("PLUGIN_INVALID", `cannot load ${path}: ${messageOf(error)}`, { cause: error });
  }
  // A CommonJS module may arrive as the default alone.
  const whole = loaded.default;
  return loaded.plugin ?? (typeof whole === "object" && whole !== null && "plugin" in whole ? whole.plugin : undefined);
}
