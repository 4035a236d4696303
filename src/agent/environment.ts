/** Options from the environment: SERF_BIND, SERF_NODE_NAME, … */

import { SerfError } from "../base/errors.ts";
import { nearestWord } from "../base/nearest-word.ts";
import { addVariable, type Option, type OptionSource, variableOf } from "../base/options.ts";
import { agentOptions } from "./options.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

export interface EnvironmentOptions {
  readonly source: OptionSource;
  /** Which variables counted, and which were probably mistyped, a line each. */
  readonly notices: readonly string[];
}

const prefix = "SERF_";

/** What an agent tells its handlers by. An agent that a handler starts finds them too, and they are nobody's typing error. */
const handlerVariables = /^SERF_(EVENT|SELF_\w+|TAG_.*|USER_EVENT|USER_LTIME|QUERY_NAME|QUERY_LTIME)$/;

/** Throws INVALID_OPTION: the message names the variable. Variables that are no options are left alone. */
export function readEnvironment(environment: Environment): EnvironmentOptions {
  const source: OptionSource = {};
  const used: string[] = [];
  for (const [name, option] of Object.entries<Option<unknown>>(agentOptions)) {
    const variable = variableOf(option);
    const text = variable === undefined ? undefined : environment[variable];
    if (variable === undefined || text === undefined || text === "") continue;
    const wrong = addVariable(agentOptions, source, name, text);
    if (wrong !== undefined) throw new SerfError("INVALID_OPTION", `${variable} in the environment: ${wrong}`);
    used.push(variable);
  }
  const notices = used.length === 0 ? [] : [`Using ${used.join(", ")} of the environment`];
  return { source, notices: [...notices, ...Object.keys(environment).flatMap(suspectTypingError)] };
}

/** A mistyped flag or key ends the agent. A variable may be another program's, so it gets a word only if it is close to ours. */
function suspectTypingError(variable: string): string[] {
  if (!variable.startsWith(prefix) || handlerVariables.test(variable) || variables.has(variable)) return [];
  const word = variable.slice(prefix.length).toLowerCase();
  const nearest = nearestWord(word, [...variableOfWord.keys()]);
  const meant = nearest === undefined ? undefined : variableOfWord.get(nearest);
  return meant === undefined ? [] : [`Warning: ${variable} in the environment is no option, did you mean ${meant}?`];
}

const variables = new Set(Object.values<Option<unknown>>(agentOptions).map(variableOf));

/** By what people may type after the prefix: the end of the variable itself ("start_join"), or the flag ("join"). */
const variableOfWord = new Map(
  Object.values<Option<unknown>>(agentOptions).flatMap((option) => {
    const variable = variableOf(option);
    if (variable === undefined) return [];
    const words = [variable.slice(prefix.length).toLowerCase()];
    if (option.flag !== undefined && !option.flagNegates) words.push(option.flag.replaceAll("-", "_"));
    return words.map((word) => [word, variable] as const);
  }),
);
