import type { PluginLink } from "./link.ts";
import type { PluginApi, RemoteApi } from "./plugin.ts";

/** Another plugin's functions: each call goes to its thread and comes back. */
export function remoteApi<A extends PluginApi>(link: PluginLink, plugin: string): RemoteApi<A> {
  const target: Record<string, unknown> = {};
  return new Proxy(target, {
    get(_, method) {
      // A promise is told from other objects by its `then`; this is none, even where somebody awaits it.
      if (typeof method !== "string" || method === "then") return undefined;
      target[method] ??= (...args: unknown[]) => link.request("use", { plugin, method, args });
      return target[method];
    },
  }) as RemoteApi<A>;
}
