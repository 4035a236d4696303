/** Members as monitoring systems see them: where to ask, and how they are told apart. Whatever a member says of itself is checked here. */

import { isIP } from "node:net";
import type { PluginMember } from "../plugin.ts";

/** Where metrics are asked for. */
export interface PortRule {
  readonly port: number;
  /** Of the tag that has other ports, divided by commas; empty for none. */
  readonly portTag: string;
}

const portsMax = 16;

/** "10.0.0.1:9100", "[fd00::1]:9100". Undefined where the tag holds no port, or the address is none. */
export function targetsOf({ address, tags }: PluginMember, { port, portTag }: PortRule): readonly string[] | undefined {
  const family = isIP(address);
  if (family === 0) return undefined;
  const ports = portTag !== "" && Object.hasOwn(tags, portTag) ? readPorts(tags[portTag]!) : [port];
  return ports?.map((each) => (family === 6 ? `[${address}]:${each}` : `${address}:${each}`));
}

function readPorts(text: string): readonly number[] | undefined {
  const ports = text.split(",").map((part) => (/^\s*\d{1,5}\s*$/.test(part) ? Number(part) : 0));
  return ports.length <= portsMax && ports.every((port) => port >= 1 && port <= 65_535) ? ports : undefined;
}

/** By the value of the tag and then by name; those without the tag first, under "". */
export function groupByTag(
  members: readonly PluginMember[],
  tag: string,
): readonly (readonly [string, PluginMember[]])[] {
  const groups = new Map<string, PluginMember[]>();
  for (const member of members) {
    const value = Object.hasOwn(member.tags, tag) ? member.tags[tag]! : "";
    const group = groups.get(value);
    if (group === undefined) groups.set(value, [member]);
    else group.push(member);
  }
  return [...groups].sort(([a], [b]) => (a < b ? -1 : 1));
}
