/**
 * The programs that one plugin runs, on the agent's side: there they are children of a process that reaps them, and no plugin that is
 * ended by force leaves one behind. Each is a process group of its own, so that ending it ends what it started, too.
 */

import { type ChildProcess, spawn } from "node:child_process";
import type { Readable } from "node:stream";
import { messageOf, SerfError } from "../base/errors.ts";
import { LineReader } from "./line-reader.ts";
import type { ProcessResult, RunOptions } from "./plugin.ts";

export interface ProgramListener {
  /** The program is read no further until this is settled. */
  lines(lines: readonly string[]): Promise<void>;
  ended(ending: { readonly exitCode: number | null; readonly signal: string | null }): void;
}

/** How many run at once; one more is refused. */
const programsMax = 64;
const outputBytesMax = 64 * 1024;
const timeoutMsDefault = 30_000;
/** From SIGTERM to SIGKILL. */
const graceMsDefault = 5_000;
/** What a program leaves running may hold on to its output: that is not waited for any longer. */
const lingerMs = 500;

export class Programs {
  private readonly graceMs: number;
  /** Those that run: their processes are the leaders of their groups. */
  private readonly running = new Map<ChildProcess, { readonly id: number | undefined; readonly gone: Promise<void> }>();
  /** Groups whose leader is gone and that were still there. */
  private readonly orphaned = new Set<number>();
  private closed = false;

  constructor({ graceMs = graceMsDefault }: { readonly graceMs?: number } = {}) {
    this.graceMs = graceMs;
  }

  /** The process ids of what runs. */
  get pids(): readonly number[] {
    return [...this.running.keys()].flatMap(({ pid }) => (pid === undefined ? [] : [pid]));
  }

  /** Runs a program to its end. Rejects with PROCESS_NOT_STARTED. */
  async run(command: readonly string[], options: RunOptions): Promise<ProcessResult> {
    const { input, timeoutMs = timeoutMsDefault } = options;
    const child = await this.spawn(undefined, command, options, input !== undefined);
    child.stdin?.on("error", () => undefined).end(input);
    const stdout = collect(child.stdout);
    const stderr = collect(child.stderr);
    let timedOut = false;
    const timer = setTimeout(() => {
      timedOut = true;
      void this.end(child);
    }, timeoutMs);
    const [exitCode, signal] = await exitOf(child);
    clearTimeout(timer);
    await outputEnded(child);
    return { exitCode, signal, stdout: stdout(), stderr: stderr(), timedOut };
  }

  /** Starts a program that stays. Rejects with PROCESS_NOT_STARTED. */
  async start(
    id: number,
    command: readonly string[],
    options: RunOptions,
    listener: ProgramListener,
  ): Promise<{ readonly pid: number }> {
    const child = await this.spawn(id, command, options, false);
    const read = [child.stdout, child.stderr].map((stream) => forwardLines(stream, listener));
    void exitOf(child).then(async ([exitCode, signal]) => {
      await outputEnded(child);
      await Promise.all(read);
      listener.ended({ exitCode, signal });
    });
    return { pid: child.pid! };
  }

  /** Sends a signal to a started program and what it started. Does nothing where it has ended. Rejects for an unknown signal. */
  signal(id: number, signal: string): void {
    for (const [child, known] of this.running) if (known.id === id) signalGroup(child.pid, signal as NodeJS.Signals);
  }

  /** Ends them all: SIGTERM, and after the grace SIGKILL. Resolves when they are gone. Nothing can be started any more. */
  async endAll(): Promise<void> {
    this.closed = true;
    await Promise.all([...this.running.keys()].map((child) => this.end(child)));
    for (const pid of this.orphaned) signalGroup(pid, "SIGKILL");
    this.orphaned.clear();
  }

  /** At once, for when the agent's process ends this very moment. */
  killAll(): void {
    this.closed = true;
    for (const pid of [...this.pids, ...this.orphaned]) signalGroup(pid, "SIGKILL");
  }

  private async end(child: ChildProcess): Promise<void> {
    const gone = this.running.get(child)?.gone;
    signalGroup(child.pid, "SIGTERM");
    const timer = setTimeout(() => signalGroup(child.pid, "SIGKILL"), this.graceMs);
    await gone;
    clearTimeout(timer);
  }

  private async spawn(id: number | undefined, command: readonly string[], options: RunOptions, hasInput: boolean) {
    const [file = "", ...args] = command;
    if (this.closed) throw notStarted(file, "the plugin is stopping");
    if (this.running.size >= programsMax) throw notStarted(file, `${programsMax} programs run already`);
    let child: ChildProcess;
    try {
      child = spawn(file, args, {
        ...(options.cwd !== undefined && { cwd: options.cwd }),
        env: { ...process.env, ...options.env },
        stdio: [hasInput ? "pipe" : "ignore", "pipe", "pipe"],
        detached: true,
        windowsHide: true,
      });
    } catch (error) {
      throw notStarted(file, messageOf(error));
    }
    const gone = exitOf(child).then(() => this.forget(child));
    // Known from now on: whoever ends all must meet it, however soon.
    this.running.set(child, { id, gone });
    await new Promise<void>((resolve, reject) => {
      child.once("spawn", resolve);
      child.once("error", (error) => {
        this.running.delete(child);
        reject(notStarted(file, describeSpawnError(error)));
      });
    });
    return child;
  }

  private forget(child: ChildProcess): void {
    const known = this.running.get(child);
    this.running.delete(child);
    // What `run` ran may leave a service behind, as a reload does; what was to stay is ended as a whole.
    if (known?.id === undefined || child.pid === undefined || !signalGroup(child.pid, "SIGTERM")) return;
    if (this.closed) signalGroup(child.pid, "SIGKILL");
    else this.orphaned.add(child.pid);
  }
}

/** Whether there was anybody to get it. */
function signalGroup(pid: number | undefined, signal: NodeJS.Signals): boolean {
  if (pid === undefined) return false;
  try {
    process.kill(-pid, signal);
    return true;
  } catch (error) {
    if (error instanceof TypeError) throw new SerfError("INVALID_OPTION", error.message, { cause: error });
    return false;
  }
}

function exitOf(child: ChildProcess): Promise<[exitCode: number | null, signal: string | null]> {
  return new Promise((resolve) => child.once("exit", (code, signal) => resolve([code, signal])));
}

/** Resolves when both outputs have ended or been given up. To be called after the exit. */
function outputEnded(child: ChildProcess): Promise<void> {
  const streams = [child.stdout, child.stderr].filter((stream) => stream !== null);
  const open = streams.filter((stream) => !stream.closed);
  return new Promise((resolve) => {
    if (open.length === 0) return resolve();
    const timer = setTimeout(() => {
      for (const stream of open) stream.destroy();
    }, lingerMs);
    let left = open.length;
    for (const stream of open) {
      stream.once("close", () => {
        left -= 1;
        if (left > 0) return;
        clearTimeout(timer);
        resolve();
      });
    }
  });
}

/** Keeps the first bytes and reads the rest away. Returns what gives the text. */
function collect(stream: Readable | null): () => string {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  stream?.on("data", (chunk: Uint8Array) => {
    const kept = chunk.subarray(0, outputBytesMax - bytes);
    bytes += kept.length;
    if (kept.length > 0) chunks.push(kept);
  });
  return () => Buffer.concat(chunks).toString("utf8");
}

/** Hands lines on as fast as they are taken. Resolves when the last is. */
function forwardLines(stream: Readable | null, { lines }: ProgramListener): Promise<void> {
  if (stream === null) return Promise.resolve();
  const reader = new LineReader();
  let handed = Promise.resolve();
  const hand = (read: readonly string[]): void => {
    if (read.length === 0) return;
    stream.pause();
    handed = handed.then(() => lines(read)).then(() => void stream.resume());
  };
  stream.on("data", (chunk: Uint8Array) => hand(reader.push(chunk)));
  return new Promise((resolve) => {
    stream.once("close", () => {
      hand(reader.end());
      void handed.then(resolve);
    });
  });
}

function notStarted(file: string, why: string): SerfError {
  return new SerfError("PROCESS_NOT_STARTED", `cannot start ${JSON.stringify(file)}: ${why}`);
}

function describeSpawnError(error: NodeJS.ErrnoException): string {
  switch (error.code) {
    case "ENOENT":
      return "no such program, or no such working directory";
    case "EACCES":
      return "permission denied";
    default:
      return error.message;
  }
}
