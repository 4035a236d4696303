/** A plugin that runs, wherever that is: in its thread, or in a bench. It makes the context, and brings news and calls to the plugin. */

import { emptyBytes, utf8Encode } from "../base/bytes.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import type { OptionDeclarations, ResolvedOptions } from "../base/options.ts";
import { ChildProcesses } from "./child-processes.ts";
import { cut, type PluginLink, type PluginLogLevel, type PluginNews, textLengthMax } from "./link.ts";
import { Listeners } from "./listeners.ts";
import { MemberMirror } from "./member-mirror.ts";
import type {
  Plugin,
  PluginContext,
  PluginEnding,
  PluginLogger,
  PluginMember,
  PluginQuery,
  RunningPlugin,
} from "./plugin.ts";
import { remoteApi } from "./remote-api.ts";
import { Scheduler, type TimerSource } from "./scheduler.ts";

export interface RuntimeOptions<D extends OptionDeclarations = OptionDeclarations> {
  readonly plugin: Plugin<D>;
  readonly instance: string;
  readonly options: ResolvedOptions<D>;
  readonly selfName: string;
  readonly members: readonly PluginMember[];
  readonly link: PluginLink;
  readonly timers: TimerSource;
}

export class PluginRuntime {
  readonly scheduler: Scheduler;
  readonly processes: ChildProcesses;
  private readonly plugin: Plugin;
  private readonly options: RuntimeOptions;
  private readonly link: PluginLink;
  private readonly mirror: MemberMirror;
  private readonly listeners: Listeners;
  private readonly stopping = new AbortController();
  private running: RunningPlugin | undefined;
  /** News that came before `start` had returned. */
  private early: PluginNews[] | undefined = [];
  private hasFailed = false;

  constructor(options: RuntimeOptions) {
    this.plugin = options.plugin;
    this.options = options;
    this.link = options.link;
    this.mirror = new MemberMirror(options.selfName, options.members);
    this.listeners = new Listeners((names) => this.link.notify({ kind: "answering", names }));
    this.scheduler = new Scheduler(options.timers, (error) => this.fail(error));
    this.processes = new ChildProcesses(
      options.link,
      (line) => this.log("INFO", line),
      (error) => this.fail(error),
    );
  }

  /** Rejects with whatever the plugin throws. Returns the names of what other plugins may call. */
  async start(): Promise<void> {
    const running: unknown = await this.plugin.start(this.createContext());
    if (typeof running !== "object" || running === null)
      throw new SerfError("PLUGIN_INVALID", "start() must return an object, {} at least");
    this.running = running as RunningPlugin;
    const early = this.early ?? [];
    this.early = undefined;
    for (const news of early) this.tell(news);
  }

  /** Ends all that the context began, then has the plugin end the rest. Rejects with whatever it throws. */
  async stop(ending: PluginEnding): Promise<void> {
    this.stopping.abort();
    this.scheduler.stop();
    await this.running?.stop?.(ending);
  }

  tell(news: PluginNews): void {
    if (this.stopping.signal.aborted) return;
    if (this.early !== undefined) {
      // The list is right at once; listeners hear of it when there can be any.
      this.mirror.apply(news.changed, news.removed);
      this.early.push(news);
      return;
    }
    if (this.mirror.apply(news.changed, news.removed)) for (const call of this.mirror.changeListeners) this.guard(call);
    for (const occurrence of news.events) for (const call of this.listeners.callsFor(occurrence)) this.guard(call);
  }

  /** Undefined is no answer. */
  async answer(query: PluginQuery): Promise<Uint8Array | undefined> {
    try {
      const answer = await this.listeners.answerTo(query);
      return typeof answer === "string" ? utf8Encode(answer) : answer;
    } catch (error) {
      this.log("ERR", `query ${query.name} is not answered: ${messageOf(error)}`);
      return undefined;
    }
  }

  /** For other plugins. Rejects with PLUGIN_INVALID where there is no such function, and with what it throws. */
  async callApi(method: string, args: readonly unknown[]): Promise<unknown> {
    const api = this.running?.api ?? {};
    if (!Object.hasOwn(api, method)) throw new SerfError("PLUGIN_INVALID", `${this.plugin.name} has no ${method}()`);
    return api[method]?.(...args);
  }

  /** For operators. Rejects as `callApi` does. */
  async callAction(action: string, words: readonly string[]): Promise<unknown> {
    const actions = this.running?.actions ?? {};
    if (!Object.hasOwn(actions, action))
      throw new SerfError("PLUGIN_INVALID", `${this.plugin.name} has no action "${action}"`);
    return actions[action]?.(words);
  }

  /** Once: what follows a failure is its consequence. */
  fail(error: unknown): void {
    if (this.hasFailed) return;
    this.hasFailed = true;
    if (error instanceof Error && error.stack !== undefined) this.log("DEBUG", error.stack);
    this.link.notify({ kind: "failed", reason: cut(messageOf(error), textLengthMax.reason) });
  }

  private guard(call: () => unknown): void {
    try {
      const result = call();
      if (result instanceof Promise) result.catch((error: unknown) => this.fail(error));
    } catch (error) {
      this.fail(error);
    }
  }

  private createContext(): PluginContext<ResolvedOptions<OptionDeclarations>> {
    const { link, listeners, plugin } = this;
    const bytes = (payload: Uint8Array | string = emptyBytes) =>
      typeof payload === "string" ? utf8Encode(payload) : payload;
    return Object.freeze({
      instance: this.options.instance,
      options: this.options.options,
      members: this.mirror,
      events: {
        onMembers: listeners.onMembers.bind(listeners),
        onUser: listeners.onUser.bind(listeners),
        send: (name, payload, { coalesce = true } = {}) =>
          link.request("send-event", { name, payload: bytes(payload), coalesce }),
      },
      queries: {
        answer: listeners.answer.bind(listeners),
        ask: (name, payload, options = {}) => link.request("ask-query", { name, payload: bytes(payload), options }),
      },
      tags: { update: (set, remove = []) => link.request("update-tags", { set, remove }) },
      agent: { leave: () => link.request("leave", undefined), onSignal: listeners.onSignal.bind(listeners) },
      logger: this.createLogger(),
      dataDirectory: () => link.request("data-directory", undefined),
      scheduler: this.scheduler,
      processes: this.processes,
      signal: this.stopping.signal,
      setStatus: (text) => link.notify({ kind: "status", text: cut(text, textLengthMax.status) }),
      setProblem: (text) =>
        link.notify({ kind: "problem", text: text === undefined ? text : cut(text, textLengthMax.problem) }),
      fail: (error) => this.fail(error),
      use: (name) => {
        if (plugin.buildsOn?.includes(name)) return remoteApi(link, name);
        throw new SerfError("PLUGIN_INVALID", `${plugin.name} does not name ${name} in buildsOn`);
      },
    } satisfies PluginContext<ResolvedOptions<OptionDeclarations>>);
  }

  private createLogger(): PluginLogger {
    return {
      debug: (message) => this.log("DEBUG", message),
      info: (message) => this.log("INFO", message),
      warn: (message) => this.log("WARN", message),
      error: (message) => this.log("ERR", message),
    };
  }

  private log(level: PluginLogLevel, message: string): void {
    this.link.notify({ kind: "log", level, line: cut(String(message), textLengthMax.log) });
  }
}
