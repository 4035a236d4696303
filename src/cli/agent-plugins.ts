/** The plugins of `serf agent`: their host, their directory, and the signals they hear of. */

import { statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import type { Agent } from "../agent/agent.ts";
import type { AgentConfig } from "../agent/config.ts";
import { messageOf } from "../base/errors.ts";
import type { Logger } from "../base/host.ts";
import { InstanceFiles } from "../plugin-host/instance-files.ts";
import { PluginAdmin } from "../plugin-host/plugin-admin.ts";
import { PluginCommands } from "../plugin-host/plugin-commands.ts";
import { PluginHost } from "../plugin-host/plugin-host.ts";
import { workerThreads } from "../plugin-host/worker-thread.ts";
import { realTimers } from "../plugins/bench-timers.ts";
import { builtInPlugins } from "../plugins/built-in.ts";

const signals = ["SIGHUP", "SIGUSR1", "SIGUSR2"] as const;
const lastSignals = ["SIGINT", "SIGTERM"] as const;

export interface AgentPluginsHandle {
  /** Takes over what changed in the files. */
  reload(): Promise<void>;
  /** Stops them, in ten seconds and some at most; a further signal ends the process at once. */
  stop(): Promise<void>;
}

/** Starts the plugins that the files name. What is wrong with one of them shows in its state, and stops nothing else. */
export function startPlugins(agent: Agent, config: AgentConfig, logger: Logger): AgentPluginsHandle {
  const folder = choosePluginFolder(config);
  const host = new PluginHost({
    agent,
    // Both bundles are in one folder.
    spawn: workerThreads(join(import.meta.dirname, "serf-plugin-thread.cjs")),
    timers: realTimers,
    logger,
    boxed: builtInPlugins,
    files: folder === undefined ? undefined : new InstanceFiles(folder),
    packagesFolder: folder === undefined ? undefined : join(folder, "packages"),
  });
  const admin = new PluginAdmin(host);
  agent.plugins = new PluginCommands(host, admin);
  admin.start();
  const tell = (signal: NodeJS.Signals): void => host.signal(signal as (typeof signals)[number]);
  for (const signal of signals) process.on(signal, tell);
  process.on("exit", () => host.killPrograms());
  return {
    reload: () => admin.reload().catch((error: unknown) => logger.log("ERR", `plugins: ${messageOf(error)}`)),
    stop: async () => {
      // Nothing that plugins run outlives the process: `exit` above sees to it.
      for (const signal of lastSignals) process.once(signal, () => process.exit(1));
      for (const signal of signals) process.off(signal, tell);
      process.on("SIGHUP", () => undefined);
      await host.stop();
    },
  };
}

/** Undefined where nothing says where plugins could be kept. */
export function choosePluginFolder({ pluginDir, configPaths }: AgentConfig): string | undefined {
  if (pluginDir !== "") return resolve(pluginDir);
  const isFolder = (path: string) => statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
  const place = configPaths.find(isFolder) ?? configPaths.map((path) => dirname(path))[0];
  return place === undefined ? undefined : resolve(place, "plugins");
}
