/** docs/plugins/NAME.md, made from the declaration of a plugin. */

import { formatDuration } from "../base/duration.ts";
import type { Option, OptionDeclarations } from "../base/options.ts";
import { keyOf } from "./keyed-options.ts";
import type { Plugin } from "./plugin.ts";

/** `guide` is what its author wrote besides, between the description and the options. */
export function renderPluginPage(
  { name, description, options, buildsOn = [], actions = {} }: Plugin,
  guide = "",
): string {
  const parts = [
    `# ${name}`,
    `${description}. This page is made from the plugin's declaration (\`npm run docs\`); [PLUGINS.md](../PLUGINS.md) explains plugins.`,
    `\`\`\`sh\nserf plugin install ${name}\n\`\`\``,
    ...(buildsOn.length === 0
      ? []
      : [`Builds on ${buildsOn.map((base) => `[${base}](${base}.md)`).join(", ")}, which is started for it.`]),
    ...(guide === "" ? [] : [guide.trim()]),
    "## Options",
    renderOptions(options),
  ];
  const rows = Object.entries(actions).map(([action, { usage, doc }]) => {
    const words = `serf plugin ${name} ${action} ${usage}`.trim();
    return `| \`${cell(words)}\` | ${cell(doc)} |`;
  });
  if (rows.length > 0) parts.push("## Actions", `| command | does |\n|---|---|\n${rows.join("\n")}`);
  return `${parts.join("\n\n")}\n`;
}

function renderOptions(options: OptionDeclarations): string {
  const rows = Object.entries(options).flatMap(([name, option]) => optionRows(name, option, ""));
  if (rows.length === 0) return "None.";
  return `| option | what it is | type | default |\n|---|---|---|---|\n${rows.join("\n")}`;
}

/** One row, and for a list of objects one for each of their fields. */
function optionRows(name: string, option: Option<unknown>, prefix: string): string[] {
  const key = `${prefix}${keyOf(name, option)}`;
  const { type, doc } = option;
  const row = `| \`${key}\` | ${cell(doc)} | ${cell(type.name)} | ${cell(describeDefault(option))} |`;
  const fields = "fields" in type ? Object.entries(type.fields as OptionDeclarations) : [];
  return [row, ...fields.flatMap(([field, declared]) => optionRows(field, declared, `${key}[].`))];
}

function describeDefault({ type, default: value }: Option<unknown>): string {
  if (type.name === "duration") return `\`${formatDuration(value as number)}\``;
  if (value === "" || (typeof value === "object" && value !== null && Object.keys(value).length === 0)) return "";
  return `\`${typeof value === "string" ? value : JSON.stringify(value)}\``;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|");
}
