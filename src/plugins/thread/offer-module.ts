import Module, { createRequire, register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ourName = "serf-ts/plugins";

/**
 * Has `import "serf-ts/plugins"` find this installation's module where the plugin's folder has none of its own: a folder anywhere on the
 * disk needs no node_modules. A plugin that brings its own serf-ts gets that.
 */
export function offerOurModule(pluginFolder: string): void {
  // Beside this file, where `npm run build` puts both bundles.
  const path = join(import.meta.dirname, "serf-plugins.cjs");
  const { Bun: bun } = globalThis as { readonly Bun?: BunRuntime };
  if (bun === undefined) offerInNode(path);
  else offerInBun(bun, path, pluginFolder);
}

function offerInNode(path: string): void {
  const hook = `export async function resolve(specifier, context, next) {
    if (specifier !== ${JSON.stringify(ourName)}) return next(specifier, context);
    try {
      return await next(specifier, context);
    } catch {
      return { url: ${JSON.stringify(pathToFileURL(path).href)}, format: "commonjs", shortCircuit: true };
    }
  }`;
  register(`data:text/javascript,${encodeURIComponent(hook)}`);
  const internals = Module as unknown as { _resolveFilename(request: string, ...rest: unknown[]): string };
  const resolve = internals._resolveFilename;
  internals._resolveFilename = (request, ...rest) => {
    try {
      return resolve.call(Module, request, ...rest);
    } catch (error) {
      if (request === ourName) return path;
      throw error;
    }
  };
}

/** What is used of the runtime in the standalone executable, which heeds neither of Node's hooks. */
interface BunRuntime {
  resolveSync(specifier: string, folder: string): string;
  plugin(plugin: { readonly name: string; setup(build: BunBuild): void }): void;
}

interface BunBuild {
  /** Wins over every other module of that name. */
  module(name: string, load: () => { readonly exports: unknown; readonly loader: "object" }): void;
}

function offerInBun(bun: BunRuntime, path: string, pluginFolder: string): void {
  try {
    bun.resolveSync(ourName, pluginFolder);
  } catch {
    const exports: unknown = createRequire(path)(path);
    bun.plugin({
      name: ourName,
      setup: (build) => build.module(ourName, () => ({ exports, loader: "object" })),
    });
  }
}
