import type { Suggestion } from "../../base/options.ts";
import type { CommandCandidate, FlagCandidate } from "./candidates.ts";

/** The completion of zsh: a file `_serf` on its function path, or sourced after `compinit`. */
export function zshCompletion(commands: readonly CommandCandidate[]): string {
  return `#compdef serf
# zsh completion for serf, made by \`serf completion zsh\`.

_serf_members() {
  local -a members address
  local list
  address=(\${(M)words:#-rpc-(addr|auth)=*})
  list=$(serf members $address 2>/dev/null </dev/null) || return 1
  members=(\${\${(f)list}%% *})
  _describe member members
}

_serf() {
  local curcontext=$curcontext state line
  _arguments -C '1:command:->command' '*::argument:->argument'
  case $state in
  command)
    local -a commands=(
${commands.map(({ name, about }) => `      ${quoted(`${name}:${about}`)}`).join("\n")}
      --help --version
    )
    _describe command commands
    ;;
  argument)
    case $words[1] in
${commands.map(commandCase).join("\n")}
    esac
    ;;
  esac
}

if [[ $funcstack[1] == _serf ]]; then _serf "$@"; else compdef _serf serf; fi
`;
}

function commandCase({ name, flags, argument }: CommandCandidate): string {
  const specs = flags.map(flagSpec);
  if (argument !== "nothing") specs.push(quoted(`*:argument:${action(argument)}`));
  return `    ${name}) _arguments ${specs.join(" ")} ;;`;
}

/** "*-tag=[A tag]:value:": a flag whose value follows an equals sign or a space, perhaps several times. */
function flagSpec({ name, about, value, repeats }: FlagCandidate): string {
  const star = repeats ? "*" : "";
  const text = about.replace(/[[\]\\:]/g, "\\$&");
  if (value === undefined) return quoted(`${star}${name}[${text}]`);
  return quoted(`${star}${name}=[${text}]:value:${action(value)}`);
}

function action(suggestion: Suggestion | "nothing"): string {
  if (suggestion === "nothing") return " ";
  if (suggestion === "members") return "_serf_members";
  if (suggestion === "files") return "_files";
  return suggestion === "folders" ? "_files -/" : `(${suggestion.join(" ")})`;
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
