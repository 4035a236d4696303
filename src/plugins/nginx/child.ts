/** nginx as a child: its master process stays over every reload, and its workers end when their clients are served. */

import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import type { PluginContext, StartedProcess } from "../plugin.ts";

/** A plugin has ten seconds to stop; then everything is ended by force. */
const stopMsMax = 7_000;
const startMsMax = 15_000;
const linesKeptMax = 20;

export interface NginxChildOptions {
  readonly program: string;
  readonly config: string;
  readonly folder: string;
  /** It has ended, and nobody asked it to. */
  ended(why: string): void;
  /** It was to read its file anew, and goes on as it was. */
  refused(words: string): void;
}

export class NginxChild {
  private readonly options: NginxChildOptions;
  private readonly context: Pick<PluginContext, "processes" | "logger">;
  private process: StartedProcess | undefined;
  private isStopping = false;
  private isUp = false;
  private lines: string[] = [];

  constructor(options: NginxChildOptions, context: Pick<PluginContext, "processes" | "logger">) {
    this.options = options;
    this.context = context;
  }

  get runs(): boolean {
    return this.process !== undefined;
  }

  /** Rejects with nginx's own words. */
  async start(): Promise<void> {
    const { program, config, folder } = this.options;
    this.lines = [];
    await this.endFormer();
    const child = await this.context.processes.start([program, "-p", folder, "-e", "stderr", "-c", config], {
      onLine: (line) => this.hear(line),
    });
    this.process = child;
    let ending: string | undefined;
    this.isUp = false;
    void child.ended.then(({ exitCode, signal }) => {
      ending = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
      this.process = undefined;
      if (this.isUp && !this.isStopping) this.options.ended(ending);
    });
    const giveUpAtMs = performance.now() + startMsMax;
    while (!(await hasChild(child.pid))) {
      if (ending !== undefined) throw new Error(`nginx does not start (${ending}): ${this.lines.join("; ")}`);
      if (performance.now() > giveUpAtMs) throw new Error(`nginx has not started within ${startMsMax / 1_000} s`);
      await pause();
    }
    this.isUp = true;
  }

  /** Ends it when its clients are served. */
  async stop(): Promise<void> {
    this.isStopping = true;
    const { process: child } = this;
    if (child === undefined) return;
    process.kill(child.pid, "SIGQUIT");
    const patience = new Promise((resolve) => setTimeout(resolve, stopMsMax).unref());
    await Promise.race([child.ended, patience]);
  }

  /** One that outlived its agent, killed perhaps, has the ports: it makes room, and ends when its clients are served. */
  private async endFormer(): Promise<void> {
    const pid = Number((await readFile(`${this.options.folder}/nginx.pid`, "utf8").catch(() => "")).trim());
    // The number may be another's by now.
    if (!(pid > 1) || !(await commandOf(pid)).includes(this.options.config)) return;
    process.kill(pid, "SIGQUIT");
    const giveUpAtMs = performance.now() + stopMsMax;
    while ((await commandOf(pid)) !== "" && performance.now() < giveUpAtMs) await pause();
  }

  private hear(line: string): void {
    this.lines.push(line);
    if (this.lines.length > linesKeptMax) this.lines.shift();
    this.context.logger.info(line);
    if (this.isUp && line.includes("[emerg]")) this.options.refused(line.replace(/^.*\[emerg\] [\d#]*: /, ""));
  }
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 25));
}

/** Empty where there is no such process. */
async function commandOf(pid: number): Promise<string> {
  return readFile(`/proc/${pid}/cmdline`, "utf8").catch(() => "");
}

/** Whether it has forked its first worker: it then has its ports. Where the system does not say, that it was started has to do. */
async function hasChild(pid: number): Promise<boolean> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => undefined);
  return children === undefined ? !existsSync("/proc/self") : children !== "";
}
