import type { Suggestion } from "../../base/options.ts";
import type { CommandCandidate } from "./candidates.ts";

/** The completion of bash, which needs no package besides: the line is read as it was typed. */
export function bashCompletion(commands: readonly CommandCandidate[]): string {
  const names = commands.map(({ name }) => name).join(" ");
  return `# bash completion for serf, made by \`serf completion bash\`.

_serf_members() {
  local address= word list
  for word in "\${words[@]}"; do [[ $word == -rpc-addr=* || $word == -rpc-auth=* ]] && address+=" $word"; done
  list=$(serf members $address 2>/dev/null </dev/null) && awk '{ print $1 }' <<<"$list"
}

_serf() {
  local line=\${COMP_LINE:0:COMP_POINT} words current previous command= flag= prefix= candidates= kind=words word
  read -ra words <<<"$line"
  current=
  [[ $line == *[[:space:]] ]] || { current=\${words[-1]}; unset 'words[-1]'; }
  previous=\${words[-1]}
  for word in "\${words[@]:1}"; do [[ $word == -* ]] || { command=$word; break; }; done
  if [[ $current == -*=* ]]; then
    flag=\${current%%=*} prefix=\${current%%=*}= current=\${current#*=}
    # Where the shell takes an equals sign for the end of a word, it replaces only what follows.
    [[ $COMP_WORDBREAKS == *=* ]] && prefix=
  elif [[ $previous == -* && $previous != *=* ]]; then
    flag=$previous
  fi
  if [[ -z $command ]]; then
    candidates='${names} --help --version'
  else
    [[ -n $flag ]] && case "$command $flag" in
${commands.flatMap(valueCases).join("\n")}
    *) flag= ;;
    esac
    [[ -z $flag ]] && case "$command" in
${commands.map(argumentCase).join("\n")}
    esac
  fi
  case $kind in
  words) ;;
  members) candidates=$(_serf_members) ;;
  files) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -f -- "$current")); return ;;
  folders) compopt -o filenames 2>/dev/null; COMPREPLY=($(compgen -d -- "$current")); return ;;
  esac
  COMPREPLY=($(compgen -P "$prefix" -W "$candidates" -- "$current"))
}

complete -F _serf serf
`;
}

/** One case for each flag of the command that takes a value. */
function valueCases({ name, flags }: CommandCandidate): string[] {
  return flags.flatMap((flag) =>
    flag.value === undefined ? [] : [`    '${name} ${flag.name}') ${assignment(flag.value)} ;;`],
  );
}

function argumentCase({ name, flags, argument }: CommandCandidate): string {
  const all = flags.map((flag) => flag.name).join(" ");
  return `    ${name}) if [[ $current == -* ]]; then candidates='${all}'; else ${assignment(argument)}; fi ;;`;
}

function assignment(suggestion: Suggestion | "nothing"): string {
  if (suggestion === "nothing") return "candidates=";
  return typeof suggestion === "string" ? `kind=${suggestion}` : `candidates='${suggestion.join(" ")}'`;
}
