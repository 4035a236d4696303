/** HAProxy that somebody else runs: a service manager, a container. The plugin keeps its file and has it read. */

import { runOn, signalPidFile } from "../shared/file-commands.ts";
import { type HaproxyProcess, type Surroundings, until } from "./process.ts";
import { askSocket, readProcesses } from "./runtime-socket.ts";

const loadMsMax = 15_000;

export interface ServiceOptions {
  readonly config: string;
  /** One of these three; the others are empty. */
  readonly reload: string;
  readonly pidFile: string;
  readonly masterSocket: string;
  readonly socket: string;
}

export class HaproxyService implements HaproxyProcess {
  readonly isOurs = false;
  /** Whether it runs is its manager's concern; what it has read is known from the first load on. */
  runs = false;
  readonly socket: string | undefined;
  private readonly options: ServiceOptions;
  private readonly surroundings: Surroundings;

  constructor(options: ServiceOptions, surroundings: Surroundings) {
    this.options = options;
    this.socket = options.socket === "" ? undefined : options.socket;
    this.surroundings = surroundings;
  }

  assumeLoaded(): boolean {
    this.runs = true;
    return true;
  }

  async load(): Promise<void> {
    const { config, reload, pidFile, masterSocket } = this.options;
    if (masterSocket !== "") {
      await this.reloadByMaster();
    } else {
      const problem =
        reload === "" ? await signalPidFile(pidFile, "USR2") : await runOn(config, reload, this.surroundings.processes);
      if (problem !== undefined) throw new Error(`HAProxy does not reload: ${problem}`);
    }
    this.runs = true;
  }

  async stop(): Promise<void> {}

  private async reloadByMaster(): Promise<void> {
    const { masterSocket } = this.options;
    const before = readProcesses(await askSocket(masterSocket, "show proc"));
    if (before === undefined) throw new Error(`${masterSocket} is no socket of a master process of HAProxy`);
    await askSocket(masterSocket, "reload").catch(() => undefined);
    await until(
      async () => {
        const state = readProcesses(await askSocket(masterSocket, "show proc").catch(() => ""));
        if (state === undefined || state.reloads === before.reloads) return undefined;
        if (state.failed > before.failed)
          throw new Error("HAProxy refuses the file when it reloads; its own log says why");
        return state.workers.length > 0 ? state : undefined;
      },
      loadMsMax,
      () => `HAProxy has not reloaded within ${loadMsMax / 1000} s`,
    );
  }
}
