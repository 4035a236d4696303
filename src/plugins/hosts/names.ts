/** Which names go into a hosts file. They come from strangers, and a name in that file goes before every name server. */

import { isIP } from "node:net";
import type { PluginMember } from "../plugin.ts";

/** What counts as a name, and whose. */
export interface NameRules {
  /** Appended to names of nodes, and where names with dots may end; empty for none. */
  readonly domain: string;
  /** Tags whose values are further names, divided by commas. */
  readonly aliasTags: readonly string[];
  /** Names with any ending are taken: a member may then take the place of any name on the internet. */
  readonly anyDomain: boolean;
}

/** Lines to write, and what was left out and why. */
export interface HostLines {
  readonly lines: readonly string[];
  readonly refused: readonly string[];
}

const nameLengthMax = 253;
const aliasesMax = 32;
const label = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?";
const hostName = new RegExp(`^${label}(?:\\.${label})*$`);
/** Programs rely on what they mean. */
const reserved =
  /^(localhost|.*\.localhost|localhost\.localdomain|localdomain|broadcasthost|ip6-\w+|.*\.arpa|\d+|.*\.\d+)$/;

/** One line for each member that has a name. `elsewhere`: what the file says outside of the block, which counts more. */
export function hostLines(members: readonly PluginMember[], rules: NameRules, elsewhere: string): HostLines {
  const taken = namesIn(elsewhere);
  const refused: string[] = [];
  const full = new Set(members.map(({ name }) => `${name.toLowerCase()}.${rules.domain}`));
  const nodes = new Set(members.flatMap(({ name }) => nodeNames(name.toLowerCase(), rules.domain)));
  const lines = members.flatMap((member) => {
    if (isIP(member.address) === 0) return [];
    const fits = (name: string): boolean => {
      const problem = problemOf(name, rules) ?? (taken.has(name) ? "stands elsewhere in the file" : undefined);
      if (problem !== undefined) refused.push(`${JSON.stringify(name)} of ${JSON.stringify(member.name)} ${problem}`);
      return problem === undefined;
    };
    // Names of nodes belong to one member alone; an alias may be that of several, but not another one's name.
    const name = member.name.toLowerCase();
    const own = nodeNames(name, rules.domain).filter((own) => own !== name || !full.has(name));
    const aliases = aliasesOf(member, rules).filter((name) => !own.includes(name) && !nodes.has(name));
    const names = [...new Set([...own, ...aliases])].filter(fits);
    return names.length === 0 ? [] : [`${member.address}\t${names.join(" ")}`];
  });
  return { lines, refused };
}

function nodeNames(name: string, domain: string): string[] {
  return domain === "" || name.endsWith(`.${domain}`) ? [name] : [`${name}.${domain}`, name];
}

function aliasesOf({ tags }: PluginMember, { aliasTags }: NameRules): string[] {
  return aliasTags
    .flatMap((tag) => (Object.hasOwn(tags, tag) ? tags[tag]!.split(",") : []))
    .map((alias) => alias.trim().toLowerCase())
    .filter((alias) => alias !== "")
    .slice(0, aliasesMax);
}

function problemOf(name: string, { domain, anyDomain }: NameRules): string | undefined {
  if (name.length > nameLengthMax || !hostName.test(name)) return "is no host name";
  if (reserved.test(name)) return "has a meaning of its own";
  if (!name.includes(".") || anyDomain || (domain !== "" && name.endsWith(`.${domain}`))) return undefined;
  return domain === "" ? "has dots, and no domain is set" : `is not in the domain ${domain}`;
}

/** All names that a hosts file has. */
function namesIn(file: string): ReadonlySet<string> {
  const names = file.split("\n").flatMap((line) => {
    const [, ...words] = line.replace(/#.*/, "").trim().split(/\s+/);
    return words;
  });
  return new Set(names.map((name) => name.toLowerCase()));
}
