/** docs/CONFIG.md, made from the declarations of the agent's options. */

import { agentOptionThemes } from "../agent/options.ts";
import { formatDuration } from "../base/duration.ts";
import { type Option, variableOf } from "../base/options.ts";

/** A configuration file as the page shows it; a test reads it as an agent would. */
export const exampleConfig = `{
  "node_name": "web-1",
  "bind": "10.0.0.11",
  "tags": {"role": "web", "dc": "eu"},
  "retry_join": ["10.0.0.10", "seeds.example:7946"],
  "encrypt_key": "cg8StVXbQJ0gPvMd9o7yrg==",
  "snapshot_path": "/var/lib/serf/snapshot",
  "event_handlers": ["member-join,member-failed=/etc/serf/members.sh"],
  "mdns": {"disable_ipv6": true},
  "leave_on_terminate": true
}`;

/** What both the page and serf.json(5) begin with, in Markdown. */
export const configIntroduction = `What an agent can be told, by flag, in a JSON file, and in the environment.

Weaker sources come first: defaults, the files that \`SERF_CONFIG_FILE\` names, those that \`-config-file\` and \`-config-dir\` name, other
variables of the environment, other flags. The strongest source that mentions an option decides, also if it says \`false\` or \`0\`; an empty text counts as not given.
Lists and tags of all sources are joined: of a tag the strongest value counts.

A file holds one object. Keys are found in any case. Those with a dot are keys of an object: \`mdns.interface\` is \`{"mdns": {"interface": …}}\`. A key that does not exist is an
error, and so is a value out of range; the message names the file and the key. Of a directory, the \`.json\` files are read in alphabetical
order.

\`\`\`json
${exampleConfig}
\`\`\`

In the environment a list is one text, with commas between its entries, or with line feeds, which is the only way for event handlers, since these
have commas of their own: \`SERF_START_JOIN=10.0.0.10,10.0.0.11\`, \`SERF_TAGS=role=web,dc=eu\`. The agent names the variables it took something from when it starts. A
variable that is no option is left alone; if it is close to one, the agent asks whether that was meant. Handlers inherit the environment of their agent, so that
\`serf members\` in one finds it; they also see \`SERF_RPC_AUTH\` if it is set there, but not \`SERF_ENCRYPT_KEY\`.

Durations are written as in Go: \`300ms\`, \`30s\`, \`1h30m\`. Flags of the value \`true | false\` may stand alone (\`-replay\`); to turn one off takes an equals sign (\`-replay=false\`).

On SIGHUP files are read again, and the options marked "reloads" are taken over; the agent names others that changed.
`;

export function renderConfigPage(): string {
  const tables = agentOptionThemes.map(({ title, options }) => renderTheme(title, Object.values(options)));
  return `# Configuration

Made from the declarations in the code by \`npm run docs\`.

${configIntroduction}\n${tables.join("\n")}`;
}

function renderTheme(title: string, options: readonly Option<unknown>[]): string {
  const head = "| key | flag | environment | value | default | what it does |\n|---|---|---|---|---|---|";
  return `## ${title}\n\n${head}\n${options.map(renderRow).join("\n")}\n`;
}

function renderRow(option: Option<unknown>): string {
  const { key, flag, flagAlias, type, doc, reloads } = option;
  const flags = [flag, flagAlias].flatMap((name) => (name === undefined ? [] : [`-${name}`]));
  const value = type.range === undefined ? type.name : `${type.name}, ${type.range}`;
  const cells = [
    code(key === undefined ? [] : [key]),
    code(flags),
    code([variableOf(option) ?? ""]),
    value,
    describeDefault(option),
    reloads ? `${doc} Reloads.` : doc,
  ];
  return `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
}

function code(names: readonly string[]): string {
  return names.map((name) => `\`${name}\``).join(" ");
}

function describeDefault({ type, default: value }: Option<unknown>): string {
  if (type.name === "duration") return code([formatDuration(value as number)]);
  return value === "" || typeof value === "object" ? "" : code([String(value)]);
}
