import Module, { register } from "node:module";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const ourName = "serf-ts/plugins";

/**
 * Has `import "serf-ts/plugins"` find this installation's module where a plugin's folder has none of its own: a folder anywhere on the
 * disk needs no node_modules. A plugin that brings its own serf-ts gets that.
 */
export function offerOurModule(): void {
  // Beside this file, where `npm run build` puts both bundles.
  const path = join(import.meta.dirname, "serf-plugins.cjs");
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
