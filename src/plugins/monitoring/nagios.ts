/** Hosts, host groups and services for Nagios and what reads its files (Icinga 1, Naemon, Shinken). */

import { isIP } from "node:net";
import type { PluginMember } from "../plugin.ts";
import { memberTest } from "../shared/member-choice.ts";
import { plainWord } from "../shared/plain-text.ts";
import { groupByTag } from "./targets.ts";

/** A service of each host that has the tags. */
export interface NagiosService {
  readonly description: string;
  readonly checkCommand: string;
  readonly tag: string;
  readonly use: string;
}

/** What goes into the file. */
export interface NagiosRules {
  readonly groupTag: string;
  readonly groupPrefix: string;
  readonly labelTags: readonly string[];
  readonly hostUse: string;
  readonly services: readonly NagiosService[];
}

const heading = "# Written by the agent from the members of the cluster (serf plugin monitoring): changes are lost.\n";

/** The file, and why members were left out. A name that means something to Nagios, or would end a line, becomes a harmless one. */
export function nagiosFile(
  members: readonly PluginMember[],
  rules: NagiosRules,
): { readonly content: string; readonly refused: readonly string[] } {
  const { hosts, refused } = nameHosts(members);
  const groups = new Set<string>();
  const definitions = groupByTag([...hosts.values()], rules.groupTag).flatMap(([value, group]) => {
    if (value !== "") groups.add(groupName(value, rules));
    return group.map((member) => define("host", hostDirectives(member, rules)));
  });
  const services = rules.services.flatMap((service) => {
    const counts = memberTest({ tag: service.tag });
    return [...hosts]
      .filter(([, member]) => counts(member))
      .map(([host]) => define("service", serviceDirectives(host, service)));
  });
  const hostGroups = [...groups].map((name) => define("hostgroup", [["hostgroup_name", name]]));
  return { content: [heading, ...hostGroups, ...definitions, ...services].join("\n"), refused };
}

/** Two members may have names that become the same here: the first keeps it. */
function nameHosts(members: readonly PluginMember[]) {
  const hosts = new Map<string, PluginMember>();
  const refused: string[] = [];
  for (const member of members) {
    const host = nagiosWord(member.name);
    if (isIP(member.address) === 0) continue;
    if (hosts.has(host)) refused.push(`${JSON.stringify(member.name)}: another host is called ${host} here`);
    else hosts.set(host, member);
  }
  return { hosts, refused };
}

/** Nagios takes "null" for nothing. */
function nagiosWord(text: string): string {
  const word = plainWord(text);
  return word === "null" ? "null_" : word;
}

function groupName(value: string, { groupPrefix }: NagiosRules): string {
  return nagiosWord(`${groupPrefix}${value}`);
}

type Directive = readonly [name: string, value: string];

function hostDirectives({ name, address, tags }: PluginMember, rules: NagiosRules): readonly Directive[] {
  const tagOf = (tag: string): string => (Object.hasOwn(tags, tag) ? tags[tag]! : "");
  const group = tagOf(rules.groupTag);
  const variables = rules.labelTags
    .filter((tag) => tagOf(tag) !== "")
    .map((tag): Directive => [`_SERF_${tag.replace(/\W/gu, "_").toUpperCase()}`, nagiosWord(tagOf(tag))]);
  return [
    ["use", rules.hostUse],
    ["host_name", nagiosWord(name)],
    ["address", address],
    ...(group === "" ? [] : [["hostgroups", groupName(group, rules)] as const]),
    ...variables,
  ];
}

function serviceDirectives(host: string, { use, description, checkCommand }: NagiosService): readonly Directive[] {
  return [
    ["use", use],
    ["host_name", host],
    ["service_description", description],
    ["check_command", checkCommand],
  ];
}

function define(kind: string, directives: readonly Directive[]): string {
  return `define ${kind} {\n${directives.map(([name, value]) => `  ${name} ${value}\n`).join("")}}\n`;
}
