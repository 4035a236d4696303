/** What can stand on a command line, in the form that the scripts of all shells are made from. */

import type { Option, Suggestion } from "../../base/options.ts";
import type { Command } from "../command.ts";

export interface FlagCandidate {
  /** With its dash. */
  readonly name: string;
  /** One line. */
  readonly about: string;
  /** What completes its value; undefined for a switch, "nothing" for a value that cannot be guessed. */
  readonly value: Suggestion | "nothing" | undefined;
  /** It may be given several times. */
  readonly repeats: boolean;
}

export interface CommandCandidate {
  readonly name: string;
  readonly about: string;
  readonly flags: readonly FlagCandidate[];
  /** What completes the words after the flags. */
  readonly argument: Suggestion | "nothing";
}

export function commandCandidates(commands: readonly Command[]): CommandCandidate[] {
  return commands.map(({ name, synopsis, options, argument }) => ({
    name,
    about: synopsis,
    flags: [...Object.values(options).flatMap(flagCandidates), help],
    argument: argument ?? "nothing",
  }));
}

const help: FlagCandidate = { name: "-h", about: "Explain the command", value: undefined, repeats: false };

function flagCandidates({ flag, flagAlias, type, doc, suggests }: Option<unknown>): FlagCandidate[] {
  if (flag === undefined) return [];
  const about = firstSentence(doc);
  const value = type.isSwitch ? undefined : (suggests ?? choicesOf(type.name) ?? "nothing");
  const names = [flag, ...(flagAlias === undefined ? [] : [flagAlias])];
  return names.map((name) => ({ name: `-${name}`, about, value, repeats: type.merge !== undefined }));
}

/** The type "lan | wan | local" names its values. */
function choicesOf(typeName: string): readonly string[] | undefined {
  return /^[\w-]+( \| [\w-]+)+$/.test(typeName) ? typeName.split(" | ") : undefined;
}

function firstSentence(doc: string): string {
  return doc.split(/(?<=\.) |; |: /)[0]!.replace(/\.$/, "");
}
