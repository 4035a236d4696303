import { availableParallelism, cpus } from "node:os";
import type { AgentStats } from "../rpc/views.ts";
import type { SerfMember } from "../serf/member.ts";
import type { EventScript } from "./event-filter.ts";

export interface AgentStatsSource {
  readonly self: SerfMember;
  readonly serfStats: Readonly<Record<string, string>>;
  readonly scripts: readonly EventScript[];
  /** A line each, where there are any. */
  readonly plugins: Readonly<Record<string, string>>;
}

/** What `serf info` shows, under the reference's sections and keys. */
export function collectAgentStats({ self, serfStats, scripts, plugins }: AgentStatsSource): AgentStats {
  return {
    agent: { name: self.name },
    runtime: runtimeStats(),
    serf: serfStats,
    tags: self.tags,
    event_handlers: Object.fromEntries(scripts.map(({ filter, script }) => [`${filter.event}:${filter.name}`, script])),
    ...(Object.keys(plugins).length > 0 && { plugins }),
  };
}

/** Go's names, since scripts compare them. */
const goNames: Readonly<Record<string, string>> = { win32: "windows", sunos: "solaris", x64: "amd64", ia32: "386" };

function runtimeStats(): Readonly<Record<string, string>> {
  return {
    os: goNames[process.platform] ?? process.platform,
    arch: goNames[process.arch] ?? process.arch,
    version: `node ${process.version}`,
    max_procs: String(availableParallelism()),
    // The nearest to goroutines that Node has: what keeps it running (sockets, timers, children).
    goroutines: String(process.getActiveResourcesInfo().length),
    cpu_count: String(cpus().length),
  };
}
