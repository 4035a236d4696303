import { SerfError, unreachable } from "../../base/errors.ts";
import type { OptionDeclarations, ResolvedOptions } from "../../base/options.ts";
import { readByKeys, viewOptions, withTexts } from "../keyed-options.ts";
import type { Plugin, PluginEnding } from "../plugin.ts";
import { PluginRuntime } from "../runtime.ts";
import type { TimerSource } from "../scheduler.ts";
import { AgentLink } from "./agent-link.ts";
import { loadPlugin } from "./load-plugin.ts";
import { type FromThread, plainError, type ThreadSetup, type ToThread } from "./messages.ts";

/** The plugin's side of the messages. */
export class PluginThread {
  private readonly setup: ThreadSetup;
  private readonly post: (message: FromThread) => void;
  private readonly timers: TimerSource;
  private readonly link: AgentLink;
  private loaded: { readonly plugin: Plugin; readonly options: ResolvedOptions<OptionDeclarations> } | undefined;
  private runtime: PluginRuntime | undefined;

  constructor(setup: ThreadSetup, post: (message: FromThread) => void, timers: TimerSource) {
    this.setup = setup;
    this.post = post;
    this.timers = timers;
    this.link = new AgentLink(post, timers);
  }

  async load(): Promise<void> {
    try {
      const plugin = await loadPlugin(this.setup.source);
      const options = withTexts(plugin.options, this.setup.options, this.setup.texts ?? []);
      if (this.setup.describeOnly !== true) this.loaded = { plugin, options: resolveFor(plugin, options) };
      const { name, description, buildsOn = [], actions = {} } = plugin;
      const views = viewOptions(plugin.options, options);
      // Only what is declared, and only what can be cloned.
      const shown = JSON.parse(JSON.stringify({ name, description, buildsOn, actions, options: views }));
      this.post({ kind: "loaded", description: shown, options });
    } catch (error) {
      this.fail(error);
    }
  }

  receive(message: ToThread): void {
    switch (message.kind) {
      case "start":
        void this.start(message);
        return;
      case "news":
        this.runtime?.tell(message.news);
        this.post({ kind: "news-taken" });
        return;
      case "query":
        void this.answer(message);
        return;
      case "call":
        void this.call(message);
        return;
      case "granted":
      case "refused":
        this.link.receive(message);
        return;
      case "lines":
        this.runtime?.processes.receiveLines(message.process, message.lines);
        this.post({ kind: "lines-taken", process: message.process });
        return;
      case "process-ended":
        this.runtime?.processes.receiveEnd(message.process, message.ending);
        return;
      case "ping":
        this.post({ kind: "pong", bufferBytes: bufferBytes() });
        return;
      case "stop":
        void this.stop(message.ending);
        return;
      default:
        unreachable(message);
    }
  }

  log(line: string): void {
    this.link.notify({ kind: "log", level: "INFO", line });
  }

  fail(error: unknown): void {
    if (this.runtime !== undefined) this.runtime.fail(error);
    else this.link.notify({ kind: "failed", reason: plainError(error).message });
  }

  private async start({ selfName, members }: Extract<ToThread, { kind: "start" }>): Promise<void> {
    if (this.loaded === undefined) return;
    const { instance } = this.setup;
    const { link, timers } = this;
    this.runtime = new PluginRuntime({ ...this.loaded, instance, selfName, members, link, timers });
    try {
      await this.runtime.start();
      // Whoever waits for the start is shown what there is to say by then.
      this.link.flush();
      this.post({ kind: "started" });
    } catch (error) {
      this.fail(error);
    }
  }

  private async stop(ending: PluginEnding): Promise<void> {
    try {
      await this.runtime?.stop(ending);
    } catch (error) {
      this.link.notify({ kind: "log", level: "WARN", line: `stop: ${plainError(error).message}` });
    }
    this.link.flush();
    this.post({ kind: "stopped" });
  }

  private async answer({ id, query }: Extract<ToThread, { kind: "query" }>): Promise<void> {
    const answer = await this.runtime?.answer(query);
    this.post({ kind: "query-answer", id, answer });
  }

  private async call({ id, target, name, args }: Extract<ToThread, { kind: "call" }>): Promise<void> {
    try {
      const value =
        target === "api"
          ? await this.runtime?.callApi(name, args)
          : await this.runtime?.callAction(name, args as readonly string[]);
      this.post({ kind: "result", id, value });
    } catch (error) {
      this.post({ kind: "no-result", id, error: plainError(error) });
    }
  }
}

function resolveFor(plugin: Plugin, options: Readonly<Record<string, unknown>>): ResolvedOptions<OptionDeclarations> {
  const read = readByKeys(plugin.options, options);
  if ("problem" in read) throw new SerfError("PLUGIN_INVALID", read.problem);
  const resolved = read.value as ResolvedOptions<OptionDeclarations>;
  const problem = plugin.checkOptions?.(resolved);
  if (problem !== undefined) throw new SerfError("PLUGIN_INVALID", problem);
  return resolved;
}

/** Node reads all figures at once, and one of them from a file: where none can be opened there is no figure, and this thread goes on. */
function bufferBytes(): number {
  try {
    return process.memoryUsage().arrayBuffers;
  } catch {
    return 0;
  }
}
