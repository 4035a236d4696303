import { formatEndpoint } from "../../base/address.ts";
import { messageOf } from "../../base/errors.ts";
import { boolean, text, texts } from "../../base/options.ts";
import type { AgentMember } from "../../rpc/views.ts";
import { defineCommand } from "../command.ts";
import { columnize, printReport, type Report } from "../output.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";
import { parseTags } from "../tags.ts";

export const membersCommand = defineCommand({
  name: "members",
  usage: "[options]",
  synopsis: "List the members of the cluster",
  description: [
    "Lists the members that an agent knows, with address, status and tags. Filters are RE2 regular expressions that must match the whole value.",
  ],
  example: "members -status=alive -tag role=web",
  options: {
    detailed: {
      type: boolean(),
      default: false,
      doc: "Also show protocol versions, and who suspects a member of having failed. Only for text; JSON has both always.",
      flag: "detailed",
    },
    format: {
      type: text(),
      default: "text",
      doc: "How to print: text or json.",
      flag: "format",
      suggests: ["text", "json"],
    },
    name: { type: text(), default: "", doc: "Only members whose name matches.", flag: "name", suggests: "members" },
    status: {
      type: text(),
      default: "",
      doc: "Only members whose status matches: alive, leaving, left or failed.",
      flag: "status",
      suggests: ["alive", "leaving", "left", "failed"],
    },
    tags: {
      type: texts(),
      default: [],
      doc: "Only members whose tag matches, key=expression; may be given several times, and all must match.",
      flag: "tag",
    },
    role: {
      type: text(),
      default: "",
      doc: "Only members whose tag `role` matches. Deprecated: use -tag role=x.",
      flag: "role",
    },
    ...rpcOptions,
  },
  async run({ options }, terminal) {
    const { name, status, role } = options;
    if (role !== "") terminal.print("Deprecation warning: 'Role' has been replaced with 'Tags'");
    let tags: Record<string, string>;
    try {
      tags = parseTags(role === "" ? options.tags : [...options.tags, `role=${role}`]);
    } catch (error) {
      terminal.print(`Error: ${messageOf(error)}`);
      return 1;
    }
    return withAgent(options, terminal, "Error retrieving members", async (client) => {
      const members = await client.members({ name, status, tags });
      return printReport(membersReport(members, options.detailed), options.format, terminal);
    });
  },
});

/** Members in the order of the agent, the tags of each by name. */
export function membersReport(members: readonly AgentMember[], detailed: boolean): Report {
  return {
    text: () => columnize(members.map((member) => memberLine(member, detailed))),
    json: () => ({ members: members.length === 0 ? null : members.map(memberJson) }),
  };
}

function memberLine(member: AgentMember, detailed: boolean): string {
  const { delegateCurrent, delegateMin, delegateMax } = member.versions;
  const tags = Object.entries(sortedTags(member)).map(([key, value]) => `${key}=${value}`);
  const line = `${member.name}|${formatEndpoint(member)}|${member.status}|${tags.join(",")}`;
  if (!detailed) return line;
  const versions = `Protocol Version: ${delegateCurrent}|Available Protocol Range: [${delegateMin}, ${delegateMax}]`;
  return `${line}|${versions}${suspicionColumn(member)}`;
}

/** Only where somebody suspects it: else the line is HashiCorp's, to the byte. */
function suspicionColumn({ suspicion }: AgentMember): string {
  if (suspicion === undefined) return "";
  const [first, ...others] = suspicion.accusers.map(({ name }) => name);
  const confirmed = others.length === 0 ? "" : `, confirmed by ${others.join(", ")}`;
  return `|Suspected by ${first ?? "this node"} since ${timeOf(suspicion.sinceMs)}${confirmed}`;
}

function timeOf(ms: number): string {
  return new Date(ms).toISOString();
}

function memberJson(member: AgentMember) {
  const { delegateCurrent, delegateMin, delegateMax } = member.versions;
  return {
    name: member.name,
    addr: formatEndpoint(member),
    port: member.port,
    tags: sortedTags(member),
    status: member.status,
    protocol: { max: delegateMax, min: delegateMin, version: delegateCurrent },
    ...suspicionJson(member),
  };
}

function suspicionJson({ suspicion }: AgentMember) {
  if (suspicion === undefined) return {};
  const accusers = suspicion.accusers.map(({ name, sinceMs }) => ({ name, since: timeOf(sinceMs) }));
  return { suspicion: { since: timeOf(suspicion.sinceMs), accusers } };
}

function sortedTags({ tags }: AgentMember): Record<string, string> {
  return Object.fromEntries(Object.entries(tags).sort(([a], [b]) => (a < b ? -1 : 1)));
}
