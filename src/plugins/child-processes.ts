import type { PluginLink } from "./link.ts";
import type { PluginProcesses, ProcessResult, RunOptions, StartedProcess } from "./plugin.ts";

type StartOptions = Parameters<PluginProcesses["start"]>[1];
type Ending = Awaited<StartedProcess["ended"]>;

interface Child {
  onLine(line: string): void;
  end(ending: Ending): void;
}

/** A plugin's programs, as it sees them: the agent's process runs them. */
export class ChildProcesses implements PluginProcesses {
  private readonly link: PluginLink;
  private readonly log: (line: string) => void;
  private readonly fail: (error: unknown) => void;
  private readonly children = new Map<number, Child>();
  private lastId = 0;

  constructor(link: PluginLink, log: (line: string) => void, fail: (error: unknown) => void) {
    this.link = link;
    this.log = log;
    this.fail = fail;
  }

  run(command: readonly [string, ...string[]], options: RunOptions = {}): Promise<ProcessResult> {
    return this.link.request("run", { command, options });
  }

  shell(line: string, options: RunOptions = {}): Promise<ProcessResult> {
    return this.run(["/bin/sh", "-c", line], options);
  }

  async start(command: readonly [string, ...string[]], options: StartOptions = {}): Promise<StartedProcess> {
    const { onLine = (line: string) => this.log(line), ...runOptions } = options;
    this.lastId += 1;
    const id = this.lastId;
    // Before it is asked for: a program may end before the answer that it was started is here.
    const ended = new Promise<Ending>((resolve) => this.children.set(id, { onLine, end: resolve }));
    try {
      const { pid } = await this.link.request("start-process", { id, command, options: runOptions });
      return {
        pid,
        ended,
        kill: (signal = "SIGTERM") => {
          if (this.children.has(id)) this.link.request("signal-process", { id, signal }).catch(this.fail);
        },
      };
    } catch (error) {
      this.children.delete(id);
      throw error;
    }
  }

  receiveLines(id: number, lines: readonly string[]): void {
    try {
      for (const line of lines) this.children.get(id)?.onLine(line);
    } catch (error) {
      this.fail(error);
    }
  }

  receiveEnd(id: number, ending: Ending): void {
    this.children.get(id)?.end(ending);
    this.children.delete(id);
  }
}
