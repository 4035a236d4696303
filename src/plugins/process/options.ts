import { choice, durationMs, integer, pairs, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { records } from "../option-types.ts";
import { readEndpoint } from "../shared/endpoint.ts";

const signalNames = ["SIGTERM", "SIGINT", "SIGQUIT", "SIGHUP", "SIGUSR1", "SIGUSR2", "SIGWINCH", "SIGKILL"] as const;
/** What the agent's process can tell of; SIGTERM and SIGINT end it, and the programs after it has left. */
const forwardable: readonly string[] = ["SIGHUP", "SIGUSR1", "SIGUSR2"];

/** One program. */
export const programOptions = {
  name: { type: text(64), default: "", doc: "What logs and actions call it." },
  command: {
    type: texts(),
    default: [],
    doc: 'The program and its arguments, `["node", "server.js"]`; no shell looks at them.',
  },
  cwd: { type: text(), default: "", doc: "Its working directory; that of the agent where empty." },
  env: { type: pairs(), default: {}, doc: "Added to the environment of the agent." },
  onExit: {
    type: choice("restart", "leave"),
    default: "restart",
    doc: "What its end means, whatever its exit code: restart has it start again, later and later; leave has this node leave the cluster, the other programs end, and the agent with them.",
  },
  output: {
    type: text(),
    default: "",
    doc: "Where its output goes. Empty: into the agent's log, at most 100 lines a second. stdout: to the agent's standard output as it is. Otherwise a file that it is added to.",
  },
  check: {
    type: text(),
    default: "",
    doc: "A line of /bin/sh that succeeds while the program is well. At most one of check, check_tcp and check_http; without any it counts as ready once it has run for a second.",
  },
  checkTcp: { type: text(256), default: "", doc: "A port, or address:port, that takes connections while it is well." },
  checkHttp: { type: text(2048), default: "", doc: "A URL that is answered with 2xx or 3xx while it is well." },
  checkEveryMs: {
    type: durationMs(100, 3_600_000),
    default: 5000,
    doc: "How long after one check the next begins. Until the program is ready it is a second at most.",
  },
  checkTimeoutMs: { type: durationMs(100, 60_000), default: 5000, doc: "A check that takes longer has failed." },
  checkFailures: {
    type: integer(1, 100),
    default: 3,
    doc: "After so many failed checks in a row a program that was ready no longer is.",
  },
  restartMinMs: {
    type: durationMs(10, 3_600_000),
    default: 1000,
    doc: "The wait before it is started again, doubled each time, and back to this once it has run for a minute.",
  },
  restartMaxMs: { type: durationMs(10, 3_600_000), default: 60_000, doc: "The longest such wait." },
  stopSignal: {
    type: choice(...signalNames),
    default: "SIGTERM",
    doc: "What asks it to end; its children get it too.",
  },
  stopTimeoutMs: {
    type: durationMs(100, 8000),
    default: 5000,
    doc: "How long it may take to end; then SIGKILL. Programs end one after another, and when the agent ends all of them together have eight seconds.",
  },
  signals: {
    type: pairs(),
    default: {},
    doc: 'Signals of the agent\'s process that are passed on, and as what: `{"SIGHUP": "SIGUSR2"}`. SIGHUP, SIGUSR1 and SIGUSR2 can be; none is unless named, since most end a program that does not expect them.',
  },
} as const;

export const processOptions = {
  programs: {
    type: records(programOptions, 32),
    default: [],
    doc: "What to run. They are started in this order, each when the one before is ready, and ended in the reverse order.",
  },
  readyTag: {
    type: text(64),
    default: "ready",
    doc: "The tag of this node that says whether all of them are ready, true or false. None where empty.",
  },
} as const;

export type ProcessOptions = ResolvedOptions<typeof processOptions>;
export type ProgramOptions = ResolvedOptions<typeof programOptions>;

/** What is wrong, if anything. */
export function checkProcessOptions({ programs }: ProcessOptions): string | undefined {
  if (programs.length === 0) return "programs: there must be one at least";
  for (const [index, program] of programs.entries()) {
    const problem = checkProgram(program);
    if (problem !== undefined) return `programs, entry ${index + 1}: ${problem}`;
  }
  if (new Set(programs.map(({ name }) => name)).size < programs.length) return "programs: two have the same name";
  return undefined;
}

function checkProgram(program: ProgramOptions): string | undefined {
  const { name, command, check, checkTcp, checkHttp, restartMinMs, restartMaxMs, signals } = program;
  if (!/^[\w.-]+$/.test(name)) return "name must be given, of letters, digits, dots, dashes and underscores";
  if (command.length === 0 || command[0] === "") return "command must have a program";
  if (command.some((word) => word.includes("\0"))) return "command must not have zero bytes";
  if ([check, checkTcp, checkHttp].filter((given) => given !== "").length > 1)
    return "at most one of check, check_tcp and check_http can be given";
  if (checkTcp !== "") {
    const endpoint = readEndpoint(checkTcp);
    if ("problem" in endpoint) return `check_tcp ${endpoint.problem}`;
  }
  if (checkHttp !== "" && !(URL.canParse(checkHttp) && /^https?:/.test(checkHttp)))
    return "check_http must be a URL that begins with http:// or https://";
  if (restartMinMs > restartMaxMs) return "restart_min must not be longer than restart_max";
  for (const [from, to] of Object.entries(signals)) {
    if (!forwardable.includes(from)) return `signals: ${from} is none of ${forwardable.join(", ")}`;
    if (!(signalNames as readonly string[]).includes(to)) return `signals: ${to} is none of ${signalNames.join(", ")}`;
  }
  return undefined;
}
