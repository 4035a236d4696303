import { text } from "../../base/options.ts";
import type { AgentStats } from "../../rpc/views.ts";
import { defineCommand } from "../command.ts";
import { printReport, type Report } from "../output.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const infoCommand = defineCommand({
  name: "info",
  usage: "[options]",
  synopsis: "Show an agent's figures",
  description: ["Shows what an agent knows of itself: its name and tags, sizes of queues, Lamport times, health."],
  example: "info -format=json",
  options: {
    format: {
      type: text(),
      default: "text",
      doc: "How to print: text or json.",
      flag: "format",
      suggests: ["text", "json"],
    },
    ...rpcOptions,
  },
  async run({ options }, terminal) {
    return withAgent(options, terminal, "Error querying agent", async (client) => {
      const stats = await client.stats();
      return printReport(statsReport(stats), options.format, terminal);
    });
  },
});

/** Sections and figures in alphabetical order. */
export function statsReport(stats: AgentStats): Report {
  const sections = sorted(stats).map(([section, figures]) => [section, sorted(figures)] as const);
  return {
    text: () =>
      sections
        .map(([section, figures]) => `${section}:\n${figures.map(([key, value]) => `\t${key} = ${value}\n`).join("")}`)
        .join(""),
    json: () => Object.fromEntries(sections.map(([section, figures]) => [section, Object.fromEntries(figures)])),
  };
}

function sorted<T>(record: Readonly<Record<string, T>>): [string, T][] {
  return Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));
}
