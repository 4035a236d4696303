/** Help texts, made from the declarations of commands and their options. */

import { formatDuration } from "../base/duration.ts";
import type { Option } from "../base/options.ts";
import type { Command } from "./command.ts";

const width = 80;

export function renderHelp(command: Command): string {
  const flags = Object.values(command.options).flatMap(describeFlag);
  const parts = [
    renderUsage(command),
    ...command.description.map((paragraph) => wrap(paragraph, 2)),
    `Example:\n\n  serf ${command.example}`,
  ];
  if (flags.length > 0) parts.push(`Options:\n\n${flags.join("\n\n")}`);
  return parts.join("\n\n");
}

export function renderUsage({ name, usage }: Command): string {
  return `Usage: serf ${`${name} ${usage}`.trim()}`;
}

/** What `serf` says without a command. */
export function renderOverview(commands: readonly Command[]): string {
  const columns = Math.max(...commands.map(({ name }) => name.length));
  const lines = commands.map(({ name, synopsis }) => `    ${name.padEnd(columns)}    ${synopsis}`);
  return [
    "Usage: serf [--version] [--help] <command> [<args>]",
    "",
    "Commands:",
    ...lines,
    "",
    "`serf <command> -h` explains a command and its options.",
  ].join("\n");
}

function describeFlag(option: Option<unknown>): string[] {
  if (option.flag === undefined) return [];
  const { type, doc } = option;
  // A flag gives one entry of a list each time it stands.
  const value = type.isSwitch ? "" : `=<${type.name.replace(/^list of (\w+)s$/, "$1")}>`;
  const names = [option.flag, ...(option.flagAlias === undefined ? [] : [option.flagAlias])];
  const head = names.map((name) => `  -${name}${value}`).join("\n");
  return [`${head}\n${wrap(doc + describeDefault(option), 6)}`];
}

function describeDefault({ type, default: value, flagNegates }: Option<unknown>): string {
  if (value === undefined) return "";
  if (type.name === "duration") return ` Default: ${formatDuration(value as number)}.`;
  if (flagNegates || value === false || value === "" || typeof value === "object") return "";
  return ` Default: ${value}.`;
}

function wrap(text: string, indent: number): string {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    if (line !== "" && indent + line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === "" ? word : `${line} ${word}`;
    }
  }
  return [...lines, line].map((one) => " ".repeat(indent) + one).join("\n");
}
