import type { Suggestion } from "../../base/options.ts";
import type { CommandCandidate, FlagCandidate } from "./candidates.ts";

/** The completion of fish: a file in its folder of completions. */
export function fishCompletion(commands: readonly CommandCandidate[]): string {
  return `# fish completion for serf, made by \`serf completion fish\`.

function __serf_members
    set -l address (string match -r -- '^-rpc-(?:addr|auth)=.+' (commandline -opc))
    set -l list (serf members $address 2>/dev/null </dev/null); or return
    string replace -r ' .*' '' -- $list
end

complete -c serf -f
${commands.map(({ name, about }) => `complete -c serf -n __fish_use_subcommand -a ${name} -d ${quoted(about)}`).join("\n")}
${commands.flatMap(commandLines).join("\n")}
`;
}

function commandLines({ name, flags, argument }: CommandCandidate): string[] {
  const start = `complete -c serf -n '__fish_seen_subcommand_from ${name}'`;
  const lines = flags.map((flag) => `${start} ${flagPart(flag)} -d ${quoted(flag.about)}`);
  return argument === "nothing" ? lines : [...lines, `${start} ${valuePart(argument)}`];
}

/** Flags have one dash, as in Go; fish calls those old. */
function flagPart({ name, value }: FlagCandidate): string {
  const flag = `-o ${name.slice(1)}`;
  if (value === undefined) return flag;
  return value === "nothing" ? `${flag} -x` : `${flag} -r ${valuePart(value)}`;
}

function valuePart(suggestion: Suggestion): string {
  if (suggestion === "members") return "-f -a '(__serf_members)'";
  if (suggestion === "files") return "-F";
  if (suggestion === "folders") return "-f -a '(__fish_complete_directories)'";
  return `-f -a ${quoted(suggestion.join(" "))}`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
