/** HAProxy as a child in master-worker mode: the master stays over every reload, and hands the open ports to the next worker. */

import type { StartedProcess } from "../plugin.ts";
import { complaints, type HaproxyProcess, type Surroundings, until } from "./process.ts";
import { askSocket, type MasterState, readProcesses } from "./runtime-socket.ts";

const loadMsMax = 15_000;
/** A plugin has ten seconds to stop; then everything is ended by force. */
const stopMsMax = 7_000;
const linesKeptMax = 50;

export interface ChildOptions {
  readonly program: string;
  /** In the order in which HAProxy reads them. */
  readonly files: readonly string[];
  readonly masterSocket: string;
  readonly socket: string;
  /** It has ended, and nobody asked it to. */
  ended(why: string): void;
}

export class HaproxyChild implements HaproxyProcess {
  readonly isOurs = true;
  readonly socket: string;
  private readonly options: ChildOptions;
  private readonly surroundings: Surroundings;
  private process: StartedProcess | undefined;
  private isLoaded = false;
  private isStopping = false;
  private lines: string[] = [];

  constructor(options: ChildOptions, surroundings: Surroundings) {
    this.options = options;
    this.socket = options.socket;
    this.surroundings = surroundings;
  }

  get runs(): boolean {
    return this.isLoaded && this.process !== undefined;
  }

  assumeLoaded(): boolean {
    return false;
  }

  async load(): Promise<void> {
    this.lines = [];
    if (this.process === undefined) await this.start();
    else await this.reload();
    this.isLoaded = true;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    const { process: child } = this;
    if (child === undefined) return;
    // Of the master alone: it tells its workers to take no more clients, and ends with the last of them.
    process.kill(child.pid, "SIGUSR1");
    const patience = new Promise((resolve) => setTimeout(resolve, stopMsMax).unref());
    await Promise.race([child.ended, patience]);
  }

  private async start(): Promise<void> {
    const { program, files, masterSocket, socket } = this.options;
    // One that outlived its agent, killed perhaps, gives its ports to this one and ends when its clients are served.
    const former = await this.askMaster();
    const command: [string, ...string[]] = [
      program,
      "-W",
      "-S",
      `${masterSocket},mode,600`,
      ...(former === undefined ? [] : ["-x", socket, "-sf", String(former.pid)]),
      ...files.flatMap((file) => ["-f", file]),
    ];
    const child = await this.surroundings.processes.start(command, { onLine: (line) => this.hear(line) });
    this.process = child;
    let ending: string | undefined;
    void child.ended.then(({ exitCode, signal }) => {
      ending = signal === null ? `exit code ${exitCode}` : `ended by ${signal}`;
      this.process = undefined;
      const wasLoaded = this.isLoaded;
      this.isLoaded = false;
      if (wasLoaded && !this.isStopping) this.options.ended(ending);
    });
    await until(
      async () => {
        if (ending !== undefined) throw new Error(this.describe(`HAProxy does not start (${ending})`));
        const state = await this.askMaster();
        return state !== undefined && state.pid === child.pid && state.workers.length > 0 ? state : undefined;
      },
      loadMsMax,
      () => this.describe(`HAProxy has not started within ${loadMsMax / 1000} s`),
    );
  }

  private async reload(): Promise<void> {
    const before = await this.askMaster();
    if (before === undefined) throw new Error("the master process of HAProxy does not answer");
    await askSocket(this.options.masterSocket, "reload").catch(() => undefined);
    await until(
      async () => {
        if (this.process === undefined) throw new Error(this.describe("HAProxy has ended"));
        const state = await this.askMaster();
        if (state === undefined || state.reloads === before.reloads) return undefined;
        if (state.failed > before.failed) throw new Error(this.describe("HAProxy goes on as it was"));
        return state.workers.length > 0 ? state : undefined;
      },
      loadMsMax,
      () => this.describe(`HAProxy has not reloaded within ${loadMsMax / 1000} s`),
    );
  }

  /** Undefined where nobody answers: there is no master, or it is about to read its files. */
  private async askMaster(): Promise<MasterState | undefined> {
    const answer = await askSocket(this.options.masterSocket, "show proc").catch(() => "");
    return readProcesses(answer);
  }

  private hear(line: string): void {
    this.lines.push(line);
    if (this.lines.length > linesKeptMax) this.lines.shift();
    const { logger } = this.surroundings;
    if (line.startsWith("[ALERT]")) logger.warn(line);
    else if (line.startsWith("[WARNING]")) logger.info(line);
    else logger.debug(line);
  }

  private describe(what: string): string {
    const said = complaints(this.lines);
    return said === "" ? what : `${what}: ${said}`;
  }
}
