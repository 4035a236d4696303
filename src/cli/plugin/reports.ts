/** What `serf plugin` prints, as text and as JSON. */

import { indentedJson } from "../../base/go-json.ts";
import type { PluginFound, PluginInfo, PluginInstanceView, PluginOptionView } from "../../rpc/plugin-actions.ts";
import { columnize, type Report } from "../output.ts";

export function listReport(plugins: readonly PluginInstanceView[], notice: string): Report {
  return {
    text: () => {
      if (plugins.length === 0)
        return `No plugin is installed; \`serf plugin search\` shows what there is.${after(notice)}`;
      const header = "Instance | Plugin | State | Status";
      return `${columnize([header, ...plugins.map(listLine)])}${after(notice)}`;
    },
    json: () => ({ plugins: plugins.map(instanceJson), notice }),
  };
}

export function searchReport(plugins: readonly PluginFound[]): Report {
  return {
    text: () =>
      plugins.length === 0
        ? "No plugin found."
        : columnize(plugins.map(({ name, description, origin }) => `${name} | ${origin} | ${oneField(description)}`)),
    json: () => ({ plugins }),
  };
}

export function infoReport(info: PluginInfo): Report {
  return {
    text: () => infoText(info),
    json: () => ({ ...info, instance: info.instance && instanceJson(info.instance) }),
  };
}

/** One line on how an instance is now. */
export function describeInstance({ instance, state, status, problem }: PluginInstanceView): string {
  return [`${instance} is ${state}`, status, problem].filter((part) => part !== "").join(": ");
}

/** The keys in the names that the command line has. */
export function instanceJson({ startedFor, ...view }: PluginInstanceView) {
  return { ...view, started_for: startedFor };
}

/** A text of a plugin as it is, anything else as JSON. */
export function resultReport(result: unknown): Report {
  return {
    text: () => (typeof result === "string" ? result : indentedJson(result ?? null)),
    json: () => result ?? null,
  };
}

function listLine(view: PluginInstanceView): string {
  const { instance, plugin, state, status, problem, restarts, startedFor } = view;
  const remarks = [
    status,
    problem,
    ...(startedFor.length === 0 ? [] : [`for ${startedFor.join(", ")}`]),
    ...(restarts === 0 ? [] : [`started again ${restarts} times`]),
  ];
  const remark = remarks.filter((part) => part !== "").join("; ");
  return [instance, plugin, state, oneField(remark)].join(" | ");
}

/** What stands in one column may not begin another. */
function oneField(text: string): string {
  return text.replaceAll("|", "/");
}

function infoText({ plugin, description, buildsOn, actions, options, instance }: PluginInfo): string {
  const parts = [`${plugin}: ${description}`];
  if (instance === undefined) parts.push(`Not installed; \`serf plugin install ${plugin}\` does it.`);
  else parts.push(`${describeInstance(instance)}${instance.from === "" ? "" : `\nFrom: ${instance.from}`}`);
  if (buildsOn.length > 0) parts.push(`Builds on: ${buildsOn.join(", ")}`);
  for (const [name, { usage, doc }] of Object.entries(actions))
    parts.push(`serf plugin ${instance?.instance ?? plugin} ${`${name} ${usage}`.trim()}\n  ${doc}`);
  parts.push(
    options.length === 0 ? "Options: none" : `Options:\n\n${options.map((one) => optionText(one, "  ")).join("\n\n")}`,
  );
  return parts.join("\n\n");
}

function optionText({ key, type, doc, default: standard, value, fields }: PluginOptionView, indent: string): string {
  const lines = [
    `${indent}${key} = ${short(value === undefined ? standard : value)}${value === undefined ? " (default)" : ""}`,
  ];
  lines.push(`${indent}    ${doc}`, `${indent}    Type: ${type}. Default: ${short(standard)}.`);
  for (const field of fields ?? []) lines.push(optionText(field, `${indent}    `).replace(/ \(default\)$/m, ""));
  return lines.join("\n");
}

function short(value: unknown): string {
  return typeof value === "string" ? (value === "" ? '""' : value) : JSON.stringify(value);
}

function after(notice: string): string {
  return notice === "" ? "" : `\n\nNote: ${notice}.`;
}
