import { resolve } from "node:path";
import { SerfError } from "../../base/errors.ts";
import { nearestWord } from "../../base/nearest-word.ts";
import { boolean, type ResolvedOptions, resolveOptions, text } from "../../base/options.ts";
import type { SerfClient } from "../../client/client.ts";
import type { PluginChange } from "../../rpc/plugin-actions.ts";
import { defineCommand, type Invocation, misused, type Terminal } from "../command.ts";
import { parseFlags } from "../flags.ts";
import { printReport, type Report } from "../output.ts";
import {
  describeInstance,
  infoReport,
  instanceJson,
  listReport,
  resultReport,
  searchReport,
} from "../plugin/reports.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

const options = {
  as: {
    type: text(32),
    default: "",
    doc: "Name of the instance to install, where the plugin's own is taken: several run side by side.",
    flag: "as",
  },
  npm: { type: boolean(), default: false, doc: "Search the package registry too.", flag: "npm" },
  follow: { type: boolean(), default: false, doc: "Go on with new log lines until Ctrl-C.", flag: "follow" },
  format: {
    type: text(),
    default: "text",
    doc: "How to print: text or json.",
    flag: "format",
    suggests: ["text", "json"],
  },
  ...rpcOptions,
} as const;

type Options = ResolvedOptions<typeof options>;

/** What was typed: the words without the flags among them. */
interface Request {
  readonly words: readonly string[];
  readonly options: Options;
}

interface Subcommand {
  /** How many words follow it. */
  readonly wordsMin: number;
  readonly wordsMax: number;
  run(client: SerfClient, request: Request, terminal: Terminal): Promise<Report | number>;
}

const subcommands: Readonly<Record<string, Subcommand>> = {
  list: {
    wordsMin: 0,
    wordsMax: 0,
    run: async (client) => {
      const { plugins, notice } = await client.plugin("list", {});
      return listReport(plugins, notice);
    },
  },
  search: {
    wordsMin: 0,
    wordsMax: 1,
    run: async (client, { words: [word = ""], options: { npm } }) =>
      searchReport((await client.plugin("search", { word, npm })).plugins),
  },
  info: {
    wordsMin: 1,
    wordsMax: 1,
    run: async (client, { words: [name = ""] }) => infoReport(await client.plugin("info", { name })),
  },
  install: {
    wordsMin: 1,
    wordsMax: Number.POSITIVE_INFINITY,
    run: async (client, { words: [what = "", ...texts], options: { as } }, terminal) => {
      terminal.printError(`Installing ${what} ...`);
      const change = await client.plugin("install", { what: asPath(what), as, options: readTexts(texts) });
      return changeReport("Installed", change);
    },
  },
  configure: {
    wordsMin: 2,
    wordsMax: Number.POSITIVE_INFINITY,
    run: async (client, { words: [name = "", ...texts] }) =>
      changeReport("Configured", await client.plugin("configure", { name, options: readTexts(texts) })),
  },
  enable: {
    wordsMin: 1,
    wordsMax: 1,
    run: async (client, { words: [name = ""] }) => changeReport("Enabled", await client.plugin("enable", { name })),
  },
  disable: {
    wordsMin: 1,
    wordsMax: 1,
    run: async (client, { words: [name = ""] }) => changeReport("Disabled", await client.plugin("disable", { name })),
  },
  remove: {
    wordsMin: 1,
    wordsMax: 1,
    run: async (client, { words: [name = ""] }) =>
      changeReport(`Removed: ${name}`, await client.plugin("remove", { name })),
  },
  call: { wordsMin: 2, wordsMax: Number.POSITIVE_INFINITY, run: callAction },
  logs: { wordsMin: 1, wordsMax: 1, run: showLogs },
};

export const pluginCommand = defineCommand({
  name: "plugin",
  usage: "SUBCOMMAND [options] [word ...]",
  synopsis: "Install, configure and watch an agent's plugins",
  description: [
    "Changes the plugins of a running agent: at once, and for its next starts. What is wrong is refused before it replaces anything that works.",
    "list shows every instance with its state. search [WORD] shows the plugins in the box, with -npm those of the package registry too. info NAME explains a plugin and each of its options, with what is set.",
    "install NAME|FOLDER|PACKAGE [-as INSTANCE] [key=value ...] installs a plugin of the box, of a folder, or of the package registry, and starts it. configure NAME key=value ... changes options; `key=` takes the default again, and a key given several times is a list.",
    "enable, disable and remove NAME do what they say; a plugin that others build on stays. logs NAME [-follow] shows the log of one. NAME ACTION [WORD ...] has a plugin do something of its own: info shows what; `--` goes before words that begin with a dash.",
  ],
  example: "plugin install haproxy -as web bind=:8080 tag=role=web",
  options,
  argument: Object.keys(subcommands),
  run: runPlugin,
});

async function runPlugin(invocation: Invocation<typeof options>, terminal: Terminal): Promise<number> {
  const typed = gatherFlags(invocation);
  if (typeof typed === "string") return misused(typed, invocation, terminal);
  const [name = "", ...words] = typed.words;
  if (name === "") return misused("A subcommand must be specified.", invocation, terminal);
  const isKnown = Object.hasOwn(subcommands, name);
  if (!isKnown && words.length === 0) return misused(notKnown(name), invocation, terminal);
  // Whatever is none of ours is the name of a plugin, and an action of it.
  const subcommand = isKnown ? subcommands[name]! : subcommands["call"]!;
  const request = { options: typed.options, words: isKnown ? words : typed.words };
  if (request.words.length < subcommand.wordsMin || request.words.length > subcommand.wordsMax)
    return misused(`serf plugin ${name}: that is not what it takes.`, invocation, terminal);
  return withAgent(typed.options, terminal, "Error", async (client) => {
    const outcome = await subcommand.run(client, request, terminal).catch((error: unknown) => {
      throw explained(error);
    });
    if (typeof outcome === "number") return outcome;
    const exitCode = printReport(outcome, typed.options.format, terminal);
    return exitCode === 0 && "failed" in outcome ? 1 : exitCode;
  });
}

/** Flags may stand after words here, as `install NAME -as X` is written. Or what is wrong with them. */
function gatherFlags({ args, given }: Invocation<typeof options>): Request | string {
  const words: string[] = [];
  let all = { ...given };
  let rest = args;
  while (rest.length > 0) {
    const [word = "", ...following] = rest;
    words.push(word);
    const endsFlags = following[0] === "--";
    const parsed = parseFlags(options, following);
    if ("problem" in parsed) return parsed.problem;
    all = { ...all, ...parsed.given };
    if (endsFlags) {
      words.push(...parsed.rest);
      break;
    }
    rest = parsed.rest;
  }
  return { words, options: resolveOptions(options, all) };
}

function notKnown(name: string): string {
  const nearest = nearestWord(name, Object.keys(subcommands));
  return `Unknown subcommand "${name}"${nearest === undefined ? "." : `, did you mean "${nearest}"?`}`;
}

/** What looks like a path is one of this machine, seen from here. */
function asPath(what: string): string {
  return /^\.{0,2}\//.test(what) || what === "." || what === ".." ? resolve(what) : what;
}

function readTexts(words: readonly string[]): [key: string, text: string][] {
  return words.map((word) => {
    const equals = word.indexOf("=");
    if (equals <= 0) throw new SerfError("INVALID_OPTION", `${JSON.stringify(word)} is not key=value`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

function changeReport(done: string, { instance, notice }: PluginChange): Report & { readonly failed?: true } {
  const words = instance === undefined ? `${done}.` : `${done}: ${describeInstance(instance)}.`;
  return {
    text: () => `${words}${notice === "" ? "" : `\nNote: ${notice}.`}`,
    json: () => ({ instance: instance === undefined ? null : instanceJson(instance), notice }),
    ...(instance?.state === "failed" && { failed: true }),
  };
}

async function callAction(client: SerfClient, { words: [name = "", action = "", ...words] }: Request): Promise<Report> {
  const { result } = await client.plugin("call", { name, action, words });
  return resultReport(result);
}

async function showLogs(client: SerfClient, { words: [name = ""], options: { follow } }: Request, terminal: Terminal) {
  if (!follow) {
    const { lines } = await client.plugin("logs", { name });
    return { text: () => lines.join("\n"), json: () => ({ lines }) };
  }
  let interrupted = false;
  const lines = await client.pluginLogs(name);
  terminal.onInterrupt(() => {
    interrupted = true;
    // The connection may close before the agent's word on it is here.
    lines.stop().catch(() => undefined);
  });
  try {
    for await (const line of lines) terminal.print(line);
  } catch (error) {
    if (!interrupted) throw error;
  }
  return 0;
}

/** HashiCorp's agent does not know the command, and says so. */
function explained(error: unknown): unknown {
  if (!(error instanceof SerfError) || error.message !== "Unsupported command") return error;
  return new SerfError("NOT_SUPPORTED", "this agent has no plugins: it is none of serf-ts", { cause: error });
}
