/** What the template is given about the pools. */

import type { PluginMember } from "../plugin.ts";
import { type PoolServer, serversOf } from "../shared/pools.ts";
import { type NginxOptions, type NginxPool, poolsOf } from "./options.ts";

export interface PoolModel extends NginxPool {
  /** The directive that stands for `balance`; empty for nginx's default. */
  readonly method: string;
  readonly servers: readonly (PoolServer & {
    /** All that stands after the address. */
    readonly settings: string;
  })[];
}

export interface Model {
  readonly pools: readonly PoolModel[];
  readonly problems: readonly string[];
  /** By `pool/name`. */
  readonly keys: ReadonlySet<string>;
}

const methods = { roundrobin: "", leastconn: "least_conn", random: "random", source: "hash $remote_addr consistent" };

/** The pools with their servers as the members are now. */
export function modelOf(members: readonly PluginMember[], options: NginxOptions, instance: string): Model {
  const problems: string[] = [];
  const keys = new Set<string>();
  const pools = poolsOf(options, instance).map((pool): PoolModel => {
    const found = serversOf(members, pool);
    problems.push(...found.problems);
    for (const { name } of found.servers) keys.add(`${pool.name}/${name}`);
    const servers = found.servers.map((server) => ({ ...server, settings: settingsOf(server, pool) }));
    return { ...pool, method: methods[pool.balance], servers };
  });
  return { pools, problems, keys };
}

function settingsOf({ weight }: PoolServer, pool: NginxPool): string {
  const parts = [
    // nginx knows no weight of 0.
    weight === 0 ? "down" : `weight=${weight}`,
    `max_fails=${pool.failuresMax} fail_timeout=${Math.ceil(pool.failPauseMs / 1_000)}s`,
    ...(pool.maxconn > 0 ? [`max_conns=${pool.maxconn}`] : []),
    ...(pool.serverOptions === "" ? [] : [pool.serverOptions]),
  ];
  return parts.join(" ");
}
