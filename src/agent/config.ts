/** From flags, environment and files to the configuration an agent runs with. */

import { isDeepStrictEqual } from "node:util";
import { SerfError } from "../base/errors.ts";
import { mergeSources, type Option, type OptionSource, resolveOptions } from "../base/options.ts";
import { readConfigPaths } from "./config-files.ts";
import { type Environment, readEnvironment } from "./environment.ts";
import type { EventScript } from "./event-filter.ts";
import { parseEventHandler } from "./event-handler.ts";
import { type AgentOptions, agentOptions } from "./options.ts";

/** A configuration that was checked and made complete: the role is a tag, the name is set, times are sane. */
export interface AgentConfig extends AgentOptions {
  readonly eventScripts: readonly EventScript[];
}

export interface LoadedConfig {
  readonly config: AgentConfig;
  /** What the operator should know, a line each; none of it stops the agent. */
  readonly notices: readonly string[];
}

const retryIntervalMsMin = 1000;
const broadcastTimeoutMsMin = 1000;

/**
 * Joins the defaults, the files that environment and flags name (in that order), the environment, and the flags, each stronger than
 * what is before it. Throws SerfError with one line that says what is wrong and where.
 */
export function loadConfig(flags: OptionSource, hostName: string, environment: Environment = {}): LoadedConfig {
  const { source, notices } = readEnvironment(environment);
  const { configPaths = [] } = mergeSources(agentOptions, [source, flags]) as Partial<AgentOptions>;
  const merged = mergeSources(agentOptions, [...readConfigPaths(configPaths), source, flags]);
  const loaded = completeConfig(resolveOptions(agentOptions, merged), hostName);
  return { ...loaded, notices: [...notices, ...loaded.notices] };
}

export function completeConfig(options: AgentOptions, hostName: string): LoadedConfig {
  checkDiscovery(options);
  const notices: string[] = [];
  if (options.role !== "") notices.push("Deprecation warning: 'Role' has been replaced with 'Tags'");
  if (options.retryIntervalMs < retryIntervalMsMin) notices.push("Warning: 'RetryInterval' is too low. Setting to 1s");
  if (options.broadcastTimeoutMs < broadcastTimeoutMsMin)
    notices.push("Warning: 'BroadcastTimeout' is too low. Setting to 1s");
  if (options.rejoinAfterLeave && options.snapshotPath === "")
    notices.push("Warning: 'RejoinAfterLeave' enabled without snapshot file");
  const config: AgentConfig = {
    ...options,
    nodeName: options.nodeName === "" ? hostName : options.nodeName,
    tags: options.role === "" ? options.tags : { ...options.tags, role: options.role },
    retryIntervalMs: Math.max(options.retryIntervalMs, retryIntervalMsMin),
    broadcastTimeoutMs: Math.max(options.broadcastTimeoutMs, broadcastTimeoutMsMin),
    eventScripts: options.eventHandlers.flatMap(readEventScript),
  };
  return { config: Object.freeze(config), notices };
}

/** What a running agent would have to be started anew for, by the names of flags, or of keys. */
export function needsRestart(started: AgentConfig, wanted: AgentConfig): readonly string[] {
  return Object.entries<Option<unknown>>(agentOptions).flatMap(([name, { reloads, flag, key }]) => {
    const [before, after] = [started, wanted].map((config) => config[name as keyof AgentOptions]);
    if (reloads || isDeepStrictEqual(before, after)) return [];
    return [flag === undefined ? (key ?? name) : `-${flag}`];
  });
}

function checkDiscovery({ discover, mdnsInterface, mdnsDisableIpv4, mdnsDisableIpv6 }: AgentOptions): void {
  if (discover === "" && mdnsInterface !== "")
    throw new SerfError("INVALID_OPTION", "mDNS interface specified without enabling mDNS discovery");
  if (discover !== "" && mdnsDisableIpv4 && mdnsDisableIpv6)
    throw new SerfError("INVALID_OPTION", "Invalid mDNS configuration: both IPv4 and IPv6 are disabled");
}

function readEventScript(text: string): readonly EventScript[] {
  const scripts = parseEventHandler(text);
  if ("problem" in scripts) throw new SerfError("INVALID_OPTION", scripts.problem);
  return scripts;
}
