/** What a command is: declared once, and from that come its flags, its help and its place in the overview. */

import type { OptionDeclarations, OptionSource, ResolvedOptions, Suggestion } from "../base/options.ts";

export interface Command {
  readonly name: string;
  /** What follows the name: "[options] name [payload]". */
  readonly usage: string;
  /** One line for the overview, without a full stop. */
  readonly synopsis: string;
  /** Paragraphs for `-h`. */
  readonly description: readonly string[];
  /** A line to copy, after "serf ". */
  readonly example: string;
  readonly options: OptionDeclarations;
  /** What completes the words after the flags in a shell. */
  readonly argument?: Suggestion;
  /** Whatever follows the name is ignored, flags that do not exist too: so the reference treats some commands. */
  readonly ignoresArguments?: true;
  /** Resolves to the exit code. Rejects with a SerfError only for what the command cannot word better itself. */
  run(invocation: Invocation, terminal: Terminal): Promise<number>;
}

/** How a command was called. `D` are its options. */
export interface Invocation<D extends OptionDeclarations = OptionDeclarations> {
  /** Complete and checked, defaults filled in. */
  readonly options: ResolvedOptions<D>;
  /** Only the flags that were given, for a command that has other sources besides. */
  readonly given: OptionSource;
  /** What follows the flags. */
  readonly args: readonly string[];
  /** The help of the command, to show with a mistake. */
  readonly help: string;
  /** For a command that is about all of them. */
  loadCommands(): Promise<readonly Command[]>;
}

/** Where a command runs. */
export interface Terminal {
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Writes a line to stdout: results, and errors too, as in the reference. */
  print(line: string): void;
  /** Writes a line to stderr: help that was asked for, and what is wrong with flags. */
  printError(line: string): void;
  /** Resolves when what was printed has left the process. */
  flushed(): Promise<void>;
  /** Calls `interrupt` for every Ctrl-C, in place of ending the process. */
  onInterrupt(interrupt: () => void): void;
  /** Where somebody sits in front of it, rather than a pipe or a file. */
  readonly screen?: Screen | undefined;
}

/** A terminal that can be drawn on. */
export interface Screen {
  /** Writes text as it is, with what moves the cursor. */
  write(text: string): void;
  /** Hands on each key that is pressed, Ctrl-C too, until the returned function is called. */
  onKey(listener: (key: string) => void): () => void;
}

/** Gives `run` the types of the options beside it. */
export function defineCommand<const D extends OptionDeclarations>(
  command: Omit<Command, "options" | "run"> & {
    readonly options: D;
    run(invocation: Invocation<D>, terminal: Terminal): Promise<number>;
  },
): Command {
  return command as unknown as Command;
}

/** What a command says when its arguments make no sense: why, and its help. */
export function misused(why: string, { help }: { readonly help: string }, terminal: Terminal): number {
  terminal.print(why);
  terminal.print("");
  terminal.print(help);
  return 1;
}
