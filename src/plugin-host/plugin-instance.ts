import { LogBuffer } from "../agent/log-buffer.ts";
import { messageOf } from "../base/errors.ts";
import type { LogLevel } from "../base/host.ts";
import { escapeUnprintable } from "../base/unprintable.ts";
import type { PluginNotice } from "../plugins/link.ts";
import type { PluginEnding, PluginMember } from "../plugins/plugin.ts";
import type { TimerSource } from "../plugins/scheduler.ts";
import type { PluginDescription } from "../plugins/thread/messages.ts";
import type { PluginState } from "../rpc/plugin-actions.ts";
import type { InstanceConfig } from "./instance-config.ts";
import type { PluginRun, RunListener } from "./plugin-run.ts";

/** After the first failure, and doubled after each further one. */
const retryMsMin = 1_000;
const retryMsMax = 60_000;
/** A run that lasted so long was healthy: the next failure counts as the first. */
const healthyMs = 60_000;

const linesOfOneMax = 32;

export interface InstanceSurroundings {
  readonly timers: TimerSource;
  /** Starts a thread for it. Throws where there is no such plugin. */
  createRun(config: InstanceConfig, listener: RunListener): PluginRun;
  /** Its state is another one. */
  changed(): void;
  log(level: LogLevel, line: string): void;
}

/** An instance of a plugin over all its runs: what it is to do, what it does, and when it is tried again. */
export class PluginInstance {
  config: InstanceConfig;
  /** It was not installed: it runs because others build on it. */
  automatic: boolean;
  state: PluginState = "disabled";
  /** Of the last run that could be loaded. */
  description: PluginDescription | undefined;
  status = "";
  problem = "";
  restarts = 0;
  /** What is wrong with its file. */
  fileProblem = "";
  readonly logs = new LogBuffer(512, 4096);
  run: PluginRun | undefined;

  private readonly surroundings: InstanceSurroundings;
  private wanted = false;
  private failures = 0;
  private runningSinceMs: number | undefined;
  private cancelRetry: (() => void) | undefined;
  private readonly waiters: ((problem: string | undefined) => void)[] = [];

  constructor(config: InstanceConfig, automatic: boolean, surroundings: InstanceSurroundings) {
    this.config = config;
    this.automatic = automatic;
    this.surroundings = surroundings;
  }

  get name(): string {
    return this.config.name;
  }

  /** Loads it in a thread. It then waits for `proceed`. Does nothing where it is under way. */
  begin(): void {
    if (this.run !== undefined) return;
    this.cancelRetry?.();
    this.wanted = true;
    this.status = "";
    this.problem = "";
    this.enter("loading");
    try {
      this.run = this.surroundings.createRun(this.config, this.createListener());
    } catch (error) {
      this.receiveEnd(messageOf(error));
    }
  }

  /** Everything it builds on runs. */
  proceed(selfName: string, members: readonly PluginMember[]): void {
    this.run?.start(selfName, members);
    this.enter("starting");
  }

  /** Stops it and lets it be. Resolves when nothing of it is left. */
  async halt(ending: PluginEnding = "stopped"): Promise<void> {
    this.wanted = false;
    this.cancelRetry?.();
    if (this.run === undefined) {
      this.enter("disabled");
      return;
    }
    this.enter("stopping");
    await this.run.stop(undefined, ending);
  }

  /** Stops it and begins again, for no fault of its own. */
  restart(why: string): void {
    if (this.run === undefined || this.state === "stopping") return;
    this.say("INFO", `starting again: ${why}`);
    this.enter("stopping");
    void this.run.stop();
  }

  /** Ends the run as failed. */
  fail(reason: string): void {
    void this.run?.stop(reason);
  }

  /** Resolves when it runs, or with the reason why it does not for now. */
  settled(): Promise<string | undefined> {
    if (this.state === "running" || this.state === "disabled") return Promise.resolve(undefined);
    if (this.state === "failed") return Promise.resolve(this.problem);
    return new Promise((resolve) => this.waiters.push(resolve));
  }

  /** For those who wait: it cannot go on before something else does. */
  tellHeldUp(reason: string): void {
    for (const tell of this.waiters.splice(0)) tell(reason);
  }

  say(level: LogLevel, line: string): void {
    // A stack has several, and each is to be found in the log by its prefix.
    for (const part of line.split("\n", linesOfOneMax)) {
      const printable = escapeUnprintable(part);
      this.logs.append(level, `${new Date().toISOString()} [${level}] ${printable}`);
      this.surroundings.log(level, printable);
    }
  }

  private createListener(): RunListener {
    return {
      loaded: (description) => {
        this.description = description;
        if (this.state === "loading") this.enter("waiting");
      },
      started: () => {
        this.runningSinceMs = this.surroundings.timers.nowMs();
        this.enter("running");
        this.say("INFO", "running");
        for (const tell of this.waiters.splice(0)) tell(undefined);
      },
      notice: (notice) => this.receiveNotice(notice),
      ended: (reason) => this.receiveEnd(reason),
    };
  }

  private receiveNotice(notice: Exclude<PluginNotice, { kind: "failed" }>): void {
    if (notice.kind === "log") this.say(notice.level, notice.line);
    if (notice.kind === "status") this.status = escapeUnprintable(notice.text);
    if (notice.kind !== "problem") return;
    const problem = escapeUnprintable(notice.text ?? "");
    if (problem !== this.problem && problem !== "") this.say("WARN", problem);
    this.problem = problem;
  }

  private receiveEnd(reason: string | undefined): void {
    this.run = undefined;
    const healthy =
      this.runningSinceMs !== undefined && this.surroundings.timers.nowMs() - this.runningSinceMs >= healthyMs;
    this.runningSinceMs = undefined;
    this.status = "";
    if (!this.wanted) {
      this.enter("disabled");
      return;
    }
    if (reason === undefined) {
      this.begin();
      return;
    }
    this.failures = healthy ? 1 : this.failures + 1;
    const retryMs = Math.min(retryMsMin * 2 ** (this.failures - 1), retryMsMax);
    this.problem = escapeUnprintable(reason);
    this.say("ERR", `failed: ${reason}; it is started again in ${retryMs / 1000} s`);
    this.cancelRetry = this.surroundings.timers.after(retryMs, () => {
      this.restarts += 1;
      this.begin();
    });
    this.enter("failed");
    for (const tell of this.waiters.splice(0)) tell(this.problem);
  }

  private enter(state: PluginState): void {
    this.state = state;
    this.surroundings.changed();
  }
}
