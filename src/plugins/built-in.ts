import type { Plugin } from "./plugin.ts";

interface BuiltInPlugin {
  /** The same as in its declaration; here so that a list of plugins loads none of them. */
  readonly description: string;
  load(): Promise<{ readonly plugin: Plugin }>;
}

/** The plugins in the box by name. Each is loaded only in the threads that run it. */
export const builtInPlugins: Readonly<Record<string, BuiltInPlugin>> = {
  hosts: {
    description: "Keeps the members' names and addresses in /etc/hosts, in a marked block",
    load: () => import("./hosts/index.ts"),
  },
  monitoring: {
    description: "Gives Prometheus its targets and Nagios its hosts, from the members",
    load: () => import("./monitoring/index.ts"),
  },
  template: {
    description: "Keeps text files up to date from Handlebars templates over the members",
    load: () => import("./template/index.ts"),
  },
  dns: {
    description: "Answers DNS questions about the live members: by node, role and tag",
    load: () => import("./dns/index.ts"),
  },
  webhook: {
    description: "Posts events, member changes and query results to URLs, and takes in events and queries by HTTP",
    load: () => import("./webhook/index.ts"),
  },
  haproxy: {
    description: "Balances clients over members by HAProxy, which it runs or keeps up to date",
    load: () => import("./haproxy/index.ts"),
  },
  process: {
    description: "Runs programs: restarts, checks, a tag for readiness; the node leaves when they end",
    load: () => import("./process/index.ts"),
  },
  nginx: {
    description: "Balances clients over members by nginx, which it runs or keeps up to date",
    load: () => import("./nginx/index.ts"),
  },
};
