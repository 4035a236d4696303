/** Manual pages, made from the declarations of commands and options: `serf.1`, one for each command, and `serf.json.5` for the files. */

import { agentOptionThemes } from "../agent/options.ts";
import { formatDuration } from "../base/duration.ts";
import { type Option, variableOf } from "../base/options.ts";
import type { Command } from "./command.ts";
import { commandLoaders } from "./commands/index.ts";
import { configIntroduction } from "./config-page.ts";
import { version } from "./version.ts";

export interface ManPage {
  /** "serf-agent.1" */
  readonly fileName: string;
  /** In roff, with the man macros. */
  readonly text: string;
}

export async function renderManPages(): Promise<readonly ManPage[]> {
  const commands = await Promise.all(Object.values(commandLoaders).map((load) => load()));
  return [overviewPage(commands), ...commands.map(commandPage), configPage()];
}

function overviewPage(commands: readonly Command[]): ManPage {
  return page("serf", 1, "cluster membership, failure detection and orchestration", [
    section("SYNOPSIS", [
      "\\fBserf\\fR [\\fB\\-\\-version\\fR] [\\fB\\-\\-help\\fR] \\fIcommand\\fR [\\fIarguments\\fR]",
    ]),
    section("DESCRIPTION", [
      prose(
        "An agent runs on every node of a cluster: `serf agent`. The other commands talk to the agent of their node.",
      ),
      prose("`serf COMMAND -h` explains a command; each has a page of its own."),
    ]),
    section(
      "COMMANDS",
      commands.map(({ name, synopsis }) => tagged(`\\fBserf\\-${literal(name)}\\fR(1)`, prose(`${synopsis}.`))),
    ),
    section("ENVIRONMENT", [
      tagged(
        bold("SERF_RPC_ADDR, SERF_RPC_AUTH"),
        prose("Where the agent is, and its token, for every command but `agent`."),
      ),
      tagged(bold("SERF_*"), prose("Options of the agent, see `serf.json`(5).")),
    ]),
    section("EXIT STATUS", [prose("0 for success, 127 where there is no such command, otherwise 1.")]),
    seeAlso(commands.map(({ name }) => [`serf-${name}`, 1] as const)),
  ]);
}

function commandPage(command: Command): ManPage {
  const { name, usage, synopsis, description, example, options } = command;
  const flags = Object.values(options).flatMap(flagEntry);
  return page(`serf-${name}`, 1, lowerFirst(synopsis), [
    section("SYNOPSIS", [`\\fBserf ${literal(name)}\\fR ${literal(usage)}`.trimEnd()]),
    section("DESCRIPTION", description.map(prose)),
    section("OPTIONS", flags),
    section("EXAMPLE", [verbatim(`serf ${example}`)]),
    seeAlso([["serf", 1], ...(name === "agent" ? [["serf.json", 5] as const] : [["serf-agent", 1] as const])]),
  ]);
}

function configPage(): ManPage {
  const options = agentOptionThemes.flatMap((theme) => [
    `.SS ${literal(theme.title)}`,
    ...Object.values(theme.options).flatMap(keyEntry),
  ]);
  return page("serf.json", 5, "configuration of a Serf agent", [
    section("DESCRIPTION", markdown(configIntroduction)),
    section("OPTIONS", options),
    seeAlso([["serf-agent", 1]]),
  ]);
}

function page(name: string, number: number, about: string, sections: readonly string[]): ManPage {
  // No date: the same sources give the same page on any day.
  const head = `.TH ${quoted(name.toUpperCase())} ${number} "" ${quoted(`serf-ts ${version}`)} "Serf"`;
  const naming = section("NAME", [`${literal(name)} \\- ${literal(about)}`]);
  const text = [head, naming, ...sections].filter((part) => part !== "").join("\n");
  return { fileName: `${name}.${number}`, text: `${text}\n` };
}

/** Nothing for a section without content. Paragraphs stand apart. */
function section(title: string, parts: readonly string[]): string {
  if (parts.length === 0) return "";
  const separated = parts.map((part, index) => (index === 0 || part.startsWith(".") ? part : `.PP\n${part}`));
  return [`.SH ${title}`, ...separated].join("\n");
}

function tagged(tag: string, text: string): string {
  return `.TP\n${tag}\n${text}`;
}

function flagEntry(option: Option<unknown>): readonly string[] {
  const { flag, flagAlias, type, doc } = option;
  if (flag === undefined) return [];
  const value = type.isSwitch ? "" : `=\\fI${literal(type.name.replace(/^list of (\w+)s$/, "$1"))}\\fR`;
  const names = flagAlias === undefined ? [flag] : [flag, flagAlias];
  return [tagged(names.map((name) => `${bold(`-${name}`)}${value}`).join(", "), prose(doc + describeDefault(option)))];
}

function keyEntry(option: Option<unknown>): readonly string[] {
  const { key, flag, type, doc, reloads } = option;
  const variable = variableOf(option);
  const name = key ?? variable;
  if (name === undefined) return [];
  const others = [flag === undefined ? undefined : `-${flag}`, key === undefined ? undefined : variable];
  const sources = others.flatMap((other) => (other === undefined ? [] : [bold(other)])).join(", ");
  const range = type.range === undefined ? type.name : `${type.name}, ${type.range}`;
  const text = doc + describeDefault(option) + (reloads ? " Reloads." : "");
  return [
    tagged(`${bold(name)} (\\fI${literal(range)}\\fR)`, `${sources === "" ? "" : `${sources}\n.br\n`}${prose(text)}`),
  ];
}

function describeDefault({ type, default: value, flagNegates }: Option<unknown>): string {
  if (type.name === "duration") return ` Default: ${formatDuration(value as number)}.`;
  if (flagNegates || value === false || value === "" || typeof value === "object") return "";
  return ` Default: ${value}.`;
}

function seeAlso(pages: readonly (readonly [name: string, section: number])[]): string {
  return section("SEE ALSO", [pages.map(([name, number]) => `${bold(name)}(${number})`).join(", ")]);
}

/** The little of Markdown that our introductions use: paragraphs and blocks of code. */
function markdown(text: string): string[] {
  return text
    .split(/\n{2,}/)
    .map((block) => block.trim())
    .filter((block) => block !== "")
    .map((block) => {
      const code = /^```\w*\n([\s\S]*)\n```$/.exec(block);
      return code === null ? prose(block.replaceAll("\n", " ")) : verbatim(code[1]!);
    });
}

function verbatim(text: string): string {
  return `.PP\n.nf\n.RS 4\n${text.split("\n").map(line).join("\n")}\n.RE\n.fi`;
}

/** A paragraph whose `marked` words are literal. */
function prose(text: string): string {
  const parts = text.split("`").map((part, index) => (index % 2 === 1 ? bold(part) : escaped(part)));
  return startSafe(parts.join(""));
}

function bold(text: string): string {
  return `\\fB${literal(text)}\\fR`;
}

/** Text to be copied as it is: its dashes are the ones of the keyboard, not hyphens of prose. */
function literal(text: string): string {
  return text.replaceAll("\\", "\\e").replaceAll("-", "\\-");
}

function line(text: string): string {
  return startSafe(literal(text));
}

/** Backslashes begin escapes; the first word of a flag is literal wherever it stands. */
function escaped(text: string): string {
  return text.replaceAll("\\", "\\e").replace(/(^|[\s(])-(?=[a-z])/g, "$1\\-");
}

/** A point or an apostrophe begins a request of roff. */
function startSafe(text: string): string {
  return /^[.']/.test(text) ? `\\&${text}` : text;
}

function quoted(text: string): string {
  return `"${literal(text).replaceAll('"', "\\(dq")}"`;
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}
