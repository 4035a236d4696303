/** Pools of servers behind a load balancer, made from the members. Names, ports and weights come from strangers and are checked here. */

import { createHash } from "node:crypto";
import { integer, type OptionType, option, type ResolvedOptions, text, texts } from "../../base/options.ts";
import type { PluginMember } from "../plugin.ts";
import { memberTest } from "./member-choice.ts";

const portMax = 65_535;
const weightMax = 256;

/** What a pool is told whatever balances it. */
export const poolOptions = {
  name: option(configName(), "", "Name of the pool in the configuration. Default: the name of the instance."),
  bind: option(
    lines(),
    [],
    'Where clients come in: "*:80", "127.0.0.1:8080". May stand several times, and may go on with settings of the load balancer\'s own.',
  ),
  tag: option(
    text(),
    "",
    "Members that are its servers, by tags: `role=web`, `role=web,zone=eu-*`. Patterns have `*` and `?`. Default: every member.",
  ),
  port: option(integer(1, portMax), 80, "Port of the service on each member that does not say it by a tag."),
  portTag: option(text(128), "port", "Tag by which a member says its port. Empty: no tag is looked at."),
  weight: option(
    integer(0, weightMax),
    1,
    "Share of each member that does not say it by a tag. 0: only connections that belong to it.",
  ),
  weightTag: option(text(128), "weight", "Tag by which a member says its share, 0 to 256. Empty: no tag is looked at."),
  maxconn: option(integer(0, 1_000_000), 0, "Connections to one server at a time; more wait. 0: no limit."),
} as const;

export type PoolChoice = ResolvedOptions<typeof poolOptions>;

/** A member as a server of a pool. */
export interface PoolServer {
  /** For configurations: letters, digits and `_ . : -`. That of the member, where it is of these alone. */
  readonly name: string;
  readonly address: string;
  readonly port: number;
  /** "10.0.0.1:80", "[fd00::1]:80". */
  readonly endpoint: string;
  readonly weight: number;
  readonly member: PluginMember;
}

export interface PoolServers {
  readonly servers: readonly PoolServer[];
  /** Tags that could not be used, and members that are left out for it. */
  readonly problems: readonly string[];
}

/** The servers of a pool, sorted by name: members that are alive and that it chooses. */
export function serversOf(members: readonly PluginMember[], pool: PoolChoice): PoolServers {
  const fits = memberTest({ status: "alive", tag: pool.tag });
  const servers = new Map<string, PoolServer>();
  const problems: string[] = [];
  for (const member of members) {
    if (!fits(member)) continue;
    const server = toServer(member, pool, problems);
    if (server === undefined) continue;
    if (servers.has(server.name)) problems.push(`${member.name} is left out: another member is named like it here`);
    else servers.set(server.name, server);
  }
  return { servers: [...servers.values()].sort((a, b) => (a.name < b.name ? -1 : 1)), problems };
}

function toServer(member: PluginMember, pool: PoolChoice, problems: string[]): PoolServer | undefined {
  const { address } = member;
  const port = readTag(member, pool.portTag, 1, portMax) ?? pool.port;
  if (port === "wrong") {
    problems.push(`${member.name} is left out: its tag ${pool.portTag} is no port`);
    return undefined;
  }
  let weight = readTag(member, pool.weightTag, 0, weightMax) ?? pool.weight;
  if (weight === "wrong") {
    problems.push(
      `${member.name} counts ${pool.weight}: its tag ${pool.weightTag} is no weight from 0 to ${weightMax}`,
    );
    weight = pool.weight;
  }
  const endpoint = address.includes(":") ? `[${address}]:${port}` : `${address}:${port}`;
  return { name: serverName(member.name), address, port, endpoint, weight, member };
}

/** Undefined where it has no such tag. */
function readTag({ tags }: PluginMember, tag: string, min: number, max: number): number | "wrong" | undefined {
  if (tag === "" || !Object.hasOwn(tags, tag)) return undefined;
  const value = /^\d{1,6}$/.test(tags[tag]!) ? Number(tags[tag]) : -1;
  return value >= min && value <= max ? value : "wrong";
}

/** The member's own name where any configuration takes it; else its word with a hash, so that different names stay different. */
export function serverName(memberName: string): string {
  if (/^[A-Za-z0-9_.:-]{1,128}$/.test(memberName)) return memberName;
  const hash = createHash("sha256").update(memberName).digest("hex").slice(0, 12);
  return `${memberName.replace(/[^A-Za-z0-9_.:-]/gu, "_").slice(0, 100)}-${hash}`;
}

/** A name that any configuration takes as a word. */
export function configName(): OptionType<string> {
  return {
    name: "name",
    readText: (given) => ({ value: given }),
    check: (value) =>
      typeof value === "string" && /^[A-Za-z0-9_.-]{0,64}$/.test(value)
        ? { value }
        : { problem: `must be at most 64 letters, digits and "_.-", is ${JSON.stringify(value)}` },
  };
}

/** A text that stays in its line. */
export function line(): OptionType<string> {
  const type = text(4096);
  return {
    ...type,
    check: (value) => {
      const checked = type.check(value);
      if ("problem" in checked || !/\p{Cc}/u.test(checked.value)) return checked;
      return { problem: "must be one line, without control characters" };
    },
  };
}

/** Several of them. */
export function lines(): OptionType<readonly string[]> {
  const type = texts(undefined);
  return {
    ...type,
    check: (value) => {
      const checked = type.check(value);
      if ("problem" in checked || !checked.value.some((entry) => /\p{Cc}/u.test(entry))) return checked;
      return { problem: "must be lines without control characters" };
    },
  };
}
