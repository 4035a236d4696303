/** One run of one handler script: what it is given by environment and stdin, and what becomes of its output. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { Socket } from "node:net";
import { messageOf } from "../base/errors.ts";
import { hasPipes } from "../host/process-limits.ts";
import type { MemberEvent, SerfEvent } from "../serf/events.ts";
import type { SerfMember } from "../serf/member.ts";

/** How much output is kept: the last bytes. A script that prints without end must not fill the agent's memory. */
const outputBytesMax = 8 * 1024;

export interface ScriptRun {
  /** The last bytes of stdout and stderr together, in the order in which they were written. */
  readonly output: Uint8Array;
  /** How many there were. */
  readonly outputBytes: number;
  /** Why the run counts as failed ("exit status 3", "signal: killed"), or undefined. */
  readonly problem: string | undefined;
}

export interface StartedScript {
  /** Resolves when the script ended and its output is closed; never rejects. */
  readonly ended: Promise<ScriptRun>;
  /** Lets this process end before the script does, which then goes on by itself. */
  unref(): void;
  /** Ends the script and all that it started, at once if it was `detached`: politely first, then by force. */
  stop(): void;
}

export interface ScriptRunOptions {
  /** In a process group of its own, so that `stop` reaches what the script starts, and Ctrl-C at the agent's terminal does not. */
  readonly detached?: boolean;
  /** How long a script that is stopped may take to end by itself. */
  readonly stopGraceMs?: number;
}

/** Starts the script in a shell. */
export function startScript(
  script: string,
  event: SerfEvent,
  self: SerfMember,
  { detached = false, stopGraceMs = 5_000 }: ScriptRunOptions = {},
): StartedScript {
  const output = new OutputTail(outputBytesMax);
  const result = (problem: string | undefined): ScriptRun => ({
    output: output.bytes(),
    outputBytes: output.totalBytes,
    problem,
  });
  let child: ChildProcessWithoutNullStreams;
  try {
    child = spawnShell(script, { env: { ...process.env, ...scriptEnvironment(event, self) }, detached });
  } catch (error) {
    // A name with a zero byte in it, for one, cannot be an environment variable.
    return { ended: Promise.resolve(result(messageOf(error))), unref: () => undefined, stop: () => undefined };
  }
  if (!hasPipes(child)) {
    // No file could be opened for them, and nothing was started: all that follows is the error.
    const ended = new Promise<ScriptRun>((resolve) =>
      child.once("error", (error) => resolve(result(messageOf(error)))),
    );
    return { ended, unref: () => undefined, stop: () => undefined };
  }
  child.stdout.on("data", (chunk: Uint8Array) => output.append(chunk));
  child.stderr.on("data", (chunk: Uint8Array) => output.append(chunk));
  // A script need not read what it is given: writing to a closed pipe is no failure.
  child.stdin.on("error", () => undefined);
  child.stdin.end(scriptInput(event));
  const ended = new Promise<ScriptRun>((resolve) => {
    // No "close" follows if the shell could not be started, and nothing follows a "close".
    child.once("error", (error) => resolve(result(messageOf(error))));
    child.once("close", (code, signal) => resolve(result(describeExit(code, signal))));
  });
  return { ended, unref: () => unrefAll(child), stop: () => stopGroup(child, stopGraceMs) };
}

function stopGroup(child: ChildProcessWithoutNullStreams, graceMs: number): void {
  const signal = (name: "SIGTERM" | "SIGKILL"): void => {
    try {
      process.kill(process.platform === "win32" ? child.pid! : -child.pid!, name);
    } catch {
      // All of them have ended meanwhile.
    }
  };
  signal("SIGTERM");
  const force = setTimeout(() => {
    signal("SIGKILL");
    // What left the group may still hold the pipes, and is not waited for.
    child.stdout.destroy();
    child.stderr.destroy();
  }, graceMs).unref();
  child.once("close", () => clearTimeout(force));
}

function unrefAll(child: ChildProcessWithoutNullStreams): void {
  child.unref();
  // Pipes to children are sockets, though Node's types do not say so.
  for (const pipe of [child.stdin, child.stdout, child.stderr]) if (pipe instanceof Socket) pipe.unref();
}

/** The variables a script finds besides those of the agent itself. */
export function scriptEnvironment(event: SerfEvent, self: SerfMember): Record<string, string> {
  const tags = Object.entries(self.tags).map(([name, value]) => [
    `SERF_TAG_${name.toUpperCase().replace(/[^A-Z0-9_]/gu, "_")}`,
    value,
  ]);
  return {
    SERF_EVENT: event.kind,
    SERF_SELF_NAME: self.name,
    SERF_SELF_ROLE: roleOf(self),
    ...Object.fromEntries(tags),
    ...namedEnvironment(event),
  };
}

function namedEnvironment(event: SerfEvent): Record<string, string> {
  switch (event.kind) {
    case "user":
      return { SERF_USER_EVENT: event.name, SERF_USER_LTIME: String(event.lamportTime) };
    case "query":
      return { SERF_QUERY_NAME: event.name, SERF_QUERY_LTIME: String(event.lamportTime) };
    default:
      return {};
  }
}

/** What a script reads on stdin: a line a member, or the payload, with the line feed that `read` needs. */
export function scriptInput(event: SerfEvent): Uint8Array | string {
  if (!("payload" in event)) return memberLines(event);
  const { payload } = event;
  if (payload.length === 0 || payload.at(-1) === 0x0a) return payload;
  return Buffer.concat([payload, Buffer.from("\n")]);
}

/** "NAME ADDRESS ROLE TAGS" with tabs between. */
function memberLines(event: MemberEvent): string {
  return event.members
    .map((member) => {
      const pairs = Object.entries(member.tags).map(([key, value]) => `${key}=${value}`);
      const columns = [member.name, member.address, roleOf(member), pairs.join(",")];
      return `${columns.map((column) => column.replaceAll("\t", "\\t").replaceAll("\n", "\\n")).join("\t")}\n`;
    })
    .join("");
}

function roleOf({ tags: { role = "" } }: SerfMember): string {
  return role;
}

interface ShellOptions {
  readonly env: NodeJS.ProcessEnv;
  readonly detached: boolean;
}

function spawnShell(script: string, { env, detached }: ShellOptions): ChildProcessWithoutNullStreams {
  if (process.platform === "win32")
    return spawn("cmd", ["/C", script], { env, windowsHide: true, windowsVerbatimArguments: true });
  // The first shell only joins stderr to stdout, so that the order of what is written to both is kept, and then becomes
  // the one that runs the script.
  return spawn("/bin/sh", ["-c", 'exec /bin/sh -c "$1" 2>&1', "sh", script], { env, detached });
}

const signalWords: Readonly<Record<string, string>> = {
  SIGHUP: "hangup",
  SIGINT: "interrupt",
  SIGQUIT: "quit",
  SIGABRT: "aborted",
  SIGKILL: "killed",
  SIGSEGV: "segmentation fault",
  SIGPIPE: "broken pipe",
  SIGTERM: "terminated",
};

function describeExit(code: number | null, signal: NodeJS.Signals | null): string | undefined {
  if (signal !== null) return `signal: ${signalWords[signal] ?? signal}`;
  return code === 0 ? undefined : `exit status ${code}`;
}

/** Counts all bytes and keeps the last ones. */
class OutputTail {
  totalBytes = 0;
  private readonly bytesMax: number;
  private tail: Uint8Array = new Uint8Array(0);

  constructor(bytesMax: number) {
    this.bytesMax = bytesMax;
  }

  append(chunk: Uint8Array): void {
    this.totalBytes += chunk.length;
    // Copied, so that no 64 KiB of a pipe's buffer are held for the few bytes that are kept.
    const kept = Buffer.concat([this.tail, chunk.subarray(-this.bytesMax)]);
    this.tail = Uint8Array.from(kept.subarray(-this.bytesMax));
  }

  bytes(): Uint8Array {
    return this.tail;
  }
}
