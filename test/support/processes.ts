/**
 * Child processes of tests: output in a bounded buffer, ended by their own id, always reaped. Whatever a test forgets or fails to end is
 * ended by its sandbox, and whatever outlives that by the reaper.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Socket } from "node:net";
import type { Witness } from "./wait-for.ts";

/** How a process ended: its exit code, or the signal that ended it. */
export type Exit = number | NodeJS.Signals;

const outputBytesMax = 4 * 1024 * 1024;
const describedLines = 25;

/**
 * Hears which processes run and which have ended. When this process is gone, however it went, its input ends and it ends those still
 * running: a test worker is often killed, and then nothing of its own would run any more.
 */
const reaperScript = `
pids=" "
while read -r change pid; do
  case $change in
    +) pids="$pids$pid " ;;
    -) pids="\${pids%% $pid *} \${pids#* $pid }" ;;
  esac
done
kill -9 $pids 2>/dev/null`;

let reaper: ChildProcess | undefined;

function tellReaper(change: "+" | "-", pid: number | undefined): void {
  if (pid === undefined) return;
  reaper ??= startReaper();
  reaper.stdin?.write(`${change} ${pid}\n`);
}

/** In a process group of its own, so that Ctrl-C does not end it before its work. */
function startReaper(): ChildProcess {
  const child = spawn("sh", ["-c", reaperScript], { stdio: ["pipe", "ignore", "ignore"], detached: true });
  child.unref();
  (child.stdin as Socket | null)?.unref();
  return child;
}

export interface ProcessOptions {
  /** What failure messages call it. */
  readonly title: string;
  readonly env?: Readonly<Record<string, string>>;
}

export class RunningProcess implements Witness {
  readonly exited: Promise<Exit>;
  /** Undefined while it runs. */
  exit: Exit | undefined;
  stdout = "";
  stderr = "";
  private readonly child: ChildProcess;
  private readonly title: string;

  constructor(command: string, args: readonly string[], options: ProcessOptions) {
    this.title = options.title;
    const child = spawn(command, args, {
      env: { ...ownEnvironment(), ...options.env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.child = child;
    tellReaper("+", child.pid);
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.stdout = bounded(this.stdout + text);
    });
    child.stderr?.setEncoding("utf8").on("data", (text: string) => {
      this.stderr = bounded(this.stderr + text);
    });
    this.exited = new Promise((resolve, reject) => {
      child.once("error", (error) => {
        reject(new Error(`${this.title}: ${command} did not start: ${error.message}`));
      });
      // Not "exit": only with "close" has all output been read.
      child.once("close", (code, signal) => {
        tellReaper("-", child.pid);
        this.exit = code ?? signal ?? 0;
        resolve(this.exit);
      });
    });
    this.exited.catch(() => {});
  }

  get pid(): number {
    return this.child.pid ?? -1;
  }

  get output(): string {
    return this.stdout + this.stderr;
  }

  signal(signal: NodeJS.Signals): void {
    this.child.kill(signal);
  }

  /** Calls `listener` with each piece of stdout from now on: for what `stdout` does not keep, since it is bounded. */
  onStdout(listener: (text: string) => void): void {
    this.child.stdout?.on("data", listener);
  }

  /** Closes our end of its stdout, as a pager does that was quit. */
  stopReading(): void {
    this.child.stdout?.destroy();
  }

  /** Ends it at once, as a power cut would, and waits until it is gone. */
  async kill(): Promise<void> {
    this.signal("SIGKILL");
    await this.exited.catch(() => {});
  }

  describe(): string {
    const ended = this.exit === undefined ? "running" : `ended with ${this.exit}`;
    const lines = this.output.trimEnd().split("\n").slice(-describedLines);
    return [`--- ${this.title} (${ended}), last lines:`, ...lines].join("\n");
  }
}

/** This process's environment without anything that a `serf` command would take as meant for it. */
function ownEnvironment(): Record<string, string> {
  const environment: Record<string, string> = {};
  for (const [name, value] of Object.entries(process.env)) {
    if (value !== undefined && !name.startsWith("SERF_")) environment[name] = value;
  }
  return environment;
}

/** The newest part of an output that grew too long. */
function bounded(text: string): string {
  return text.length > outputBytesMax ? text.slice(-outputBytesMax / 2) : text;
}
