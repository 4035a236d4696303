import { defineCommand, misused } from "../command.ts";
import { bashCompletion } from "../completion/bash.ts";
import { type CommandCandidate, commandCandidates } from "../completion/candidates.ts";
import { fishCompletion } from "../completion/fish.ts";
import { zshCompletion } from "../completion/zsh.ts";

const shells: Readonly<Record<string, (commands: readonly CommandCandidate[]) => string>> = {
  bash: bashCompletion,
  zsh: zshCompletion,
  fish: fishCompletion,
};

export const completionCommand = defineCommand({
  name: "completion",
  usage: "bash | zsh | fish",
  synopsis: "Print a script that completes serf's commands in a shell",
  description: [
    "Prints a script with which the shell completes commands, flags and their values, and names of members, for which it asks the running agent.",
    "bash, in ~/.bashrc: source <(serf completion bash)",
    "zsh, after compinit in ~/.zshrc: source <(serf completion zsh)",
    "fish: serf completion fish > ~/.config/fish/completions/serf.fish",
  ],
  example: "completion bash",
  options: {},
  argument: Object.keys(shells),
  async run(invocation, terminal) {
    const [shell = "", ...others] = invocation.args;
    const render = Object.hasOwn(shells, shell) ? shells[shell] : undefined;
    if (render === undefined || others.length > 0) {
      return misused("One shell must be specified: bash, zsh or fish.", invocation, terminal);
    }
    terminal.print(render(commandCandidates(await invocation.loadCommands())).trimEnd());
    return 0;
  },
});
