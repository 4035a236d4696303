import type { Command } from "../command.ts";

/** Every command by name, in the order of the overview. Each is loaded only when it is called for, so that all start fast. */
export const commandLoaders: Readonly<Record<string, () => Promise<Command>>> = {
  agent: async () => (await import("./with-agent.ts")).agentCommand,
  completion: async () => (await import("./completion.ts")).completionCommand,
  dev: async () => (await import("./with-agent.ts")).devCommand,
  event: async () => (await import("./event.ts")).eventCommand,
  "force-leave": async () => (await import("./force-leave.ts")).forceLeaveCommand,
  info: async () => (await import("./info.ts")).infoCommand,
  join: async () => (await import("./join.ts")).joinCommand,
  keygen: async () => (await import("./keygen.ts")).keygenCommand,
  keys: async () => (await import("./keys.ts")).keysCommand,
  leave: async () => (await import("./leave.ts")).leaveCommand,
  members: async () => (await import("./members.ts")).membersCommand,
  monitor: async () => (await import("./monitor.ts")).monitorCommand,
  plugin: async () => (await import("./plugin.ts")).pluginCommand,
  query: async () => (await import("./query.ts")).queryCommand,
  reachability: async () => (await import("./reachability.ts")).reachabilityCommand,
  rtt: async () => (await import("./rtt.ts")).rttCommand,
  simulate: async () => (await import("./simulate.ts")).simulateCommand,
  tags: async () => (await import("./tags.ts")).tagsCommand,
  version: async () => (await import("./version.ts")).versionCommand,
};
