/** One program, kept running and looked after. */

import { formatDuration } from "../../base/duration.ts";
import { messageOf } from "../../base/errors.ts";
import type { PluginLogger, PluginProcesses, PluginScheduler, StartedProcess } from "../plugin.ts";
import { type Check, checkOf } from "./checks.ts";
import type { ProgramOptions } from "./options.ts";

/**
 * waiting: for its turn. starting: it runs, and no check has passed. ready. unwell: it runs, was ready, and its checks fail.
 * ended: it will be started again. stopped: it will not.
 */
export type ProgramState = "waiting" | "starting" | "ready" | "unwell" | "ended" | "stopped";

export interface ProgramSurroundings {
  readonly processes: Pick<PluginProcesses, "start" | "shell">;
  readonly scheduler: PluginScheduler;
  readonly logger: PluginLogger;
  /** The state is another one. */
  readonly changed: () => void;
  /** It has ended, nobody asked it to, and its end means that the node is to leave. */
  readonly finished: (how: string) => void;
}

/** What runs so long without a check counts as ready. */
const readyAfterMs = 1000;
/** What runs so long starts without a wait of many failures the next time. */
const steadyAfterMs = 60_000;
/** Between checks until it is ready, unless they are to be made more often. */
const firstCheckEveryMs = 1000;
/** What a program left behind may hold on to: after SIGKILL the end is not waited for any longer. */
const killedMsMax = 500;

export class SupervisedProgram {
  readonly name: string;
  state: ProgramState = "waiting";
  /** Why it is not ready, where something is wrong. */
  problem: string | undefined;
  starts = 0;
  private readonly options: ProgramOptions;
  private readonly around: ProgramSurroundings;
  private readonly check: Check | undefined;
  private process: StartedProcess | undefined;
  private restartMs: number;
  private failures = 0;
  private cancelWait: (() => void) | undefined;
  /** Somebody asked for its end: it means nothing more. */
  private asked = false;

  constructor(options: ProgramOptions, around: ProgramSurroundings) {
    this.name = options.name;
    this.options = options;
    this.around = around;
    this.check = checkOf(options, around.processes);
    this.restartMs = options.restartMinMs;
  }

  get pid(): number | undefined {
    return this.process?.pid;
  }

  /** Rejects with PROCESS_NOT_STARTED. */
  async start(): Promise<void> {
    const { cwd, env } = this.options;
    this.asked = false;
    this.failures = 0;
    const process = await this.around.processes.start(commandOf(this.options), {
      env,
      ...(cwd !== "" && { cwd }),
      onLine: (line) => this.around.logger.info(`${this.name}: ${line}`),
    });
    this.starts += 1;
    this.process = process;
    // Stopped while it was being started.
    if (this.asked) process.kill("SIGKILL");
    void process.ended.then(({ exitCode, signal }) => this.hasEnded(process, `ended with ${exitCode ?? signal}`));
    this.around.logger.info(`${this.name}: runs as process ${process.pid}`);
    this.become("starting");
    this.after(steadyAfterMs, process, () => {
      this.restartMs = this.options.restartMinMs;
    });
    if (this.check === undefined) this.after(readyAfterMs, process, () => this.become("ready"));
    else this.after(0, process, () => this.look(process));
  }

  /** Passes a signal of the agent's process on, if it is to be. */
  forward(signal: string): void {
    const as = this.options.signals[signal];
    if (as !== undefined) this.process?.kill(as);
  }

  /** Asks it to end, and after its time, or that much if it is less, ends it. Resolves when it is gone. It is not started again. */
  async stop(waitMaxMs = Number.POSITIVE_INFINITY): Promise<void> {
    this.asked = true;
    this.cancelWait?.();
    const { process } = this;
    if (process !== undefined) {
      const waitMs = Math.min(this.options.stopTimeoutMs, waitMaxMs);
      process.kill(this.options.stopSignal);
      if (!(await endsIn(process, waitMs))) {
        const time = formatDuration(waitMs);
        this.around.logger.warn(`${this.name}: has not ended ${time} after ${this.options.stopSignal}: SIGKILL`);
        process.kill("SIGKILL");
        await endsIn(process, killedMsMax);
      }
    }
    this.become("stopped");
  }

  /** Its turn has come. */
  begin(): void {
    this.state = "starting";
    this.around.scheduler.after(0, () => this.startOrWait());
  }

  async restart(): Promise<void> {
    await this.stop();
    this.restartMs = this.options.restartMinMs;
    await this.startOrWait();
  }

  /** As `start`, but what cannot be started counts as ended. */
  private async startOrWait(): Promise<void> {
    await this.start().catch((error: unknown) => this.hasEnded(undefined, messageOf(error)));
  }

  private hasEnded(process: StartedProcess | undefined, how: string): void {
    if (this.process !== process) return;
    this.process = undefined;
    if (this.asked) return;
    const { onExit, restartMaxMs } = this.options;
    if (onExit === "leave") {
      this.become("stopped", how);
      this.around.finished(`${this.name} ${how}`);
      return;
    }
    const waitMs = this.restartMs;
    this.restartMs = Math.min(restartMaxMs, this.restartMs * 2);
    this.around.logger.warn(`${this.name}: ${how}; is started again in ${formatDuration(waitMs)}`);
    this.become("ended", how);
    this.cancelWait = this.around.scheduler.after(waitMs, () => this.startOrWait());
  }

  private async look(process: StartedProcess): Promise<void> {
    const problem = await this.check?.();
    // It may have ended meanwhile.
    if (!this.runs(process)) return;
    this.failures = problem === undefined ? 0 : this.failures + 1;
    if (problem === undefined) this.become("ready");
    else if (this.state !== "ready") this.become(this.state, problem);
    else if (this.failures >= this.options.checkFailures) {
      this.around.logger.warn(`${this.name}: is not well: ${problem}`);
      this.become("unwell", problem);
    }
    const { checkEveryMs } = this.options;
    this.after(this.state === "ready" ? checkEveryMs : Math.min(checkEveryMs, firstCheckEveryMs), process, () =>
      this.look(process),
    );
  }

  private become(state: ProgramState, problem?: string): void {
    if (this.state === state && this.problem === problem) return;
    if (state === "ready" && this.state !== "ready") this.around.logger.info(`${this.name}: is ready`);
    this.state = state;
    this.problem = problem;
    this.around.changed();
  }

  /** Does it then, if this very process still runs. */
  private after(delayMs: number, process: StartedProcess, work: () => void | Promise<void>): void {
    this.around.scheduler.after(delayMs, () => (this.runs(process) ? work() : undefined));
  }

  private runs(process: StartedProcess): boolean {
    return this.process === process && !this.asked;
  }
}

/** The shell only opens the file and is then the program itself: same process, same arguments. */
function commandOf({ command, output }: ProgramOptions): readonly [string, ...string[]] {
  const [file = "", ...args] = command;
  if (output === "") return [file, ...args];
  const path = output === "stdout" ? `/proc/${process.pid}/fd/1` : output;
  return ["/bin/sh", "-c", 'exec >>"$0" 2>&1 && exec "$@"', path, file, ...args];
}

/** Real time: the scheduler's is over when a plugin stops. */
function endsIn({ ended }: StartedProcess, timeoutMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), timeoutMs);
    void ended.then(() => {
      clearTimeout(timer);
      resolve(true);
    });
  });
}
