/** Targets for Prometheus, in the format of its file-based service discovery. */

import type { PluginMember } from "../plugin.ts";
import { groupByTag, type PortRule, targetsOf } from "./targets.ts";

/** What goes into the file. */
export interface PrometheusRules extends PortRule {
  readonly groupTag: string;
  /** Tags that become labels of every metric. */
  readonly labelTags: readonly string[];
}

/** One entry of the file. */
interface TargetGroup {
  readonly targets: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
}

/** The file, and the names of members that have no usable port. */
export function prometheusFile(
  members: readonly PluginMember[],
  rules: PrometheusRules,
): { readonly content: string; readonly refused: readonly string[] } {
  const groups: TargetGroup[] = [];
  const refused: string[] = [];
  for (const member of groupByTag(members, rules.groupTag).flatMap(([, group]) => group)) {
    const targets = targetsOf(member, rules);
    if (targets === undefined) refused.push(`${JSON.stringify(member.name)}: tag ${rules.portTag} holds no port`);
    else groups.push({ targets, labels: labelsOf(member, rules.labelTags) });
  }
  return { content: `${JSON.stringify(groups, null, 2)}\n`, refused };
}

/**
 * `__meta_serf_*` for everything, to be used in relabeling and dropped after; `node` and the listed tags as labels that stay. A tag
 * cannot set any other: its name is behind a prefix, or one that the operator listed.
 */
function labelsOf({ name, status, tags }: PluginMember, labelTags: readonly string[]): Record<string, string> {
  const meta = Object.entries(tags).map(([tag, value]) => [`__meta_serf_tag_${labelName(tag)}`, value] as const);
  const listed = labelTags
    .filter((tag) => Object.hasOwn(tags, tag))
    .map((tag) => [labelName(tag), tags[tag]!] as const);
  return Object.fromEntries([
    ...meta,
    ...listed,
    ["__meta_serf_node", name],
    ["__meta_serf_status", status],
    ["node", name],
  ]);
}

/** What may stand in the name of a label: other characters become "_". */
export function labelName(tag: string): string {
  return tag.replace(/[^A-Za-z0-9_]/gu, "_").replace(/^(?=\d)/, "_");
}
