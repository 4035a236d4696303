/** Go's grammar for command line flags, since that is what Serf's users type and script. */

import { addText, findOption, type OptionDeclarations, type OptionSource, type OptionType } from "../base/options.ts";

export interface ParsedFlags {
  /** What was given, by option name. */
  readonly given: OptionSource;
  /** What follows the flags. */
  readonly rest: readonly string[];
}

/**
 * Reads flags until the first argument that is none, or "--". One dash or two; the value follows an equals sign or, for all
 * but switches, as the next argument, whatever that looks like. The problem is told in Go's words.
 */
export function parseFlags(
  declarations: OptionDeclarations,
  args: readonly string[],
): ParsedFlags | { readonly problem: string } {
  const given: OptionSource = {};
  let next = 0;
  while (next < args.length) {
    const argument = args[next]!;
    if (!argument.startsWith("-") || argument === "-") break;
    next += 1;
    if (argument === "--") break;
    const match = /^--?([^-=][^=]*)(?:=(.*))?$/s.exec(argument);
    if (match === null) return { problem: `bad flag syntax: ${argument}` };
    const flag = match[1]!;
    let value = match[2];
    const name = findOption(declarations, "flag", flag);
    if (name === undefined) return { problem: `flag provided but not defined: -${flag}` };
    const { type } = declarations[name]!;
    if (value === undefined && type.isSwitch) value = "true";
    if (value === undefined) {
      if (next === args.length) return { problem: `flag needs an argument: -${flag}` };
      value = args[next]!;
      next += 1;
    }
    const wrong = addText(declarations, given, name, value);
    if (wrong !== undefined) return { problem: describeProblem(flag, value, type, wrong) };
  }
  return { given, rest: args.slice(next) };
}

function describeProblem(flag: string, value: string, type: OptionType<unknown>, wrong: string): string {
  if (type.isSecret) return `invalid value for flag -${flag}: ${wrong}`;
  const quoted = JSON.stringify(value);
  return type.isSwitch
    ? `invalid boolean value ${quoted} for -${flag}: parse error`
    : `invalid value ${quoted} for flag -${flag}: ${wrong}`;
}
