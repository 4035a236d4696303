/** From the words after `serf` to a command: which one, whether only its help or the version is wanted. */

import { resolveOptions } from "../base/options.ts";
import type { Command, Terminal } from "./command.ts";
import { commandLoaders } from "./commands/index.ts";
import { parseFlags } from "./flags.ts";
import { renderHelp, renderOverview, renderUsage } from "./help.ts";

const versionFlags = ["-v", "--version"];
const helpFlags = ["-h", "-help", "--help"];

/** What is meant by a command line. Words before the command can only be a mistake, or ask for help or the version. */
export interface CommandLine {
  /** Empty if there is none. */
  readonly name: string;
  readonly args: readonly string[];
  readonly wantsHelp: boolean;
  readonly flagsBeforeName: boolean;
}

export function parseCommandLine(words: readonly string[]): CommandLine {
  // As in the reference, anywhere: also where it would be the value of a flag.
  if (words.some((word) => versionFlags.includes(word))) return parseCommandLine(["version", ...withoutVersion(words)]);
  const terminator = words.indexOf("--");
  const wantsHelp = words.slice(0, terminator < 0 ? undefined : terminator).some((word) => helpFlags.includes(word));
  const at = words.findIndex((word) => word !== "" && !word.startsWith("-"));
  if (at < 0) return { name: "", args: [], wantsHelp, flagsBeforeName: words.length > 0 };
  return { name: words[at]!, args: words.slice(at + 1), wantsHelp, flagsBeforeName: at > 0 };
}

function withoutVersion(words: readonly string[]): readonly string[] {
  return words.filter((word) => !versionFlags.includes(word));
}

/** Runs what the words ask for and resolves to the exit code. */
export async function runCommandLine(words: readonly string[], terminal: Terminal): Promise<number> {
  const { name, args, wantsHelp, flagsBeforeName } = parseCommandLine(words);
  const load = Object.hasOwn(commandLoaders, name) ? commandLoaders[name] : undefined;
  if (load === undefined) {
    terminal.printError(renderOverview(await loadAll()));
    return name === "" && wantsHelp ? 0 : 127;
  }
  const command = await load();
  if (wantsHelp) {
    terminal.printError(renderHelp(command));
    return 0;
  }
  if (flagsBeforeName) {
    terminal.printError(
      "Invalid flags before the subcommand. If these flags are for\nthe subcommand, please put them after the subcommand.\n",
    );
    terminal.printError(renderHelp(command));
    return 1;
  }
  return runCommand(command, args, terminal);
}

function loadAll(): Promise<Command[]> {
  return Promise.all(Object.values(commandLoaders).map((load) => load()));
}

/** Reads the flags and runs the command. A mistake in them is one line on stderr; stdout, where the reference prints its whole help, says how to get it. */
async function runCommand(command: Command, args: readonly string[], terminal: Terminal): Promise<number> {
  const parsed = parseFlags(command.options, command.ignoresArguments ? [] : args);
  if ("problem" in parsed) {
    terminal.printError(parsed.problem);
    terminal.print(`${renderUsage(command)}, explained by \`serf ${command.name} -h\``);
    return 1;
  }
  const options = resolveOptions(command.options, parsed.given);
  const { given, rest } = parsed;
  const invocation = { options, given, args: rest, help: renderHelp(command), loadCommands: loadAll };
  return command.run(invocation, terminal);
}
