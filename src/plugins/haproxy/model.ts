/** What the template is given about the pools. */

import type { PluginMember } from "../plugin.ts";
import { type PoolServer, serversOf } from "../shared/pools.ts";
import { serverKey } from "./config-text.ts";
import { type HaproxyOptions, type HaproxyPool, poolsOf } from "./options.ts";

/** Idle connections to a server are closed soon: as long as there is one, the server cannot be deleted. */
const poolPurgeMs = 1_000;

export interface PoolModel extends HaproxyPool {
  readonly servers: readonly (PoolServer & {
    /** All that stands after the address. */
    readonly settings: string;
  })[];
}

export interface Model {
  readonly pools: readonly PoolModel[];
  readonly problems: readonly string[];
  /** By `backend/name`. */
  readonly keys: ReadonlySet<string>;
}

/** The pools with their servers as the members are now. */
export function modelOf(members: readonly PluginMember[], options: HaproxyOptions, instance: string): Model {
  const problems: string[] = [];
  const keys = new Set<string>();
  const pools = poolsOf(options, instance).map((pool): PoolModel => {
    const found = serversOf(members, pool);
    problems.push(...found.problems);
    for (const { name } of found.servers) keys.add(serverKey(pool.name, name));
    return { ...pool, servers: found.servers.map((server) => ({ ...server, settings: settingsOf(server, pool) })) };
  });
  return { pools, problems, keys };
}

function settingsOf({ weight }: PoolServer, pool: HaproxyPool): string {
  const parts = [
    `weight ${weight}`,
    ...(pool.check ? [`check inter ${pool.checkIntervalMs}ms`] : []),
    `pool-purge-delay ${poolPurgeMs}ms`,
    ...(pool.maxconn > 0 ? [`maxconn ${pool.maxconn}`] : []),
    ...(pool.serverOptions === "" ? [] : [pool.serverOptions]),
  ];
  return parts.join(" ");
}
