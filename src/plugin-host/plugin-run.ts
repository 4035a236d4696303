import { messageOf, SerfError, unreachable } from "../base/errors.ts";
import type { PluginNotice, PluginOccurrence, RequestInput } from "../plugins/link.ts";
import type { PluginEnding, PluginMember } from "../plugins/plugin.ts";
import type { Programs } from "../plugins/programs.ts";
import type { TimerSource } from "../plugins/scheduler.ts";
import {
  errorOf,
  type FromThread,
  type PluginDescription,
  plainError,
  type ThreadRequest,
  type ThreadSetup,
} from "../plugins/thread/messages.ts";
import type { QueryEvent } from "../serf/events.ts";
import type { AgentServices } from "./agent-services.ts";
import { NewsFeed } from "./news-feed.ts";
import { RequestBudget } from "./request-budget.ts";
import type { SpawnThread, ThreadHandle } from "./worker-thread.ts";

/** Asked so often whether it still answers, and ended when it did not so many times. */
const pingIntervalMs = 2_000;
const pingsUnansweredMax = 5;
const loadTimeoutMs = 30_000;
const startTimeoutMs = 60_000;
const stopTimeoutMs = 10_000;
const terminateTimeoutMs = 5_000;
const callTimeoutMs = 30_000;
const callsMax = 256;
/** Queries that it was given and has not answered. */
const queriesMax = 256;
const bufferBytesMax = 512 * 1024 * 1024;

/** What a run needs of its surroundings. */
export interface RunSurroundings {
  readonly spawn: SpawnThread;
  readonly timers: TimerSource;
  readonly services: AgentServices;
  readonly programs: Programs;
  /** A member as it is now. */
  findMember(name: string): PluginMember | undefined;
  dataDirectory(): Promise<string>;
  /** Calls another plugin, which this one builds on. */
  use(input: RequestInput<"use">): Promise<unknown>;
}

/** Called in the order in which things happen; nothing after `ended`. */
export interface RunListener {
  loaded(description: PluginDescription, options: Readonly<Record<string, unknown>>): void;
  started(): void;
  notice(notice: Exclude<PluginNotice, { kind: "failed" }>): void;
  /** The thread and all its programs are gone: with a reason if it failed, without if it was stopped. */
  ended(reason: string | undefined): void;
}

interface Call {
  resolve(value: unknown): void;
  reject(error: unknown): void;
  readonly cancelTimer: () => void;
}

/** One run of a plugin: its thread from the first to the last moment, and all that is done for it meanwhile. */
export class PluginRun {
  /** The names of the queries it answers. */
  answering: ReadonlySet<string> = new Set();
  readonly gone: Promise<void>;
  private readonly surroundings: RunSurroundings;
  private readonly listener: RunListener;
  private readonly thread: ThreadHandle;
  private readonly feed: NewsFeed;
  private readonly budget: RequestBudget;
  private readonly calls = new Map<number, Call>();
  private readonly queries = new Map<number, { readonly query: QueryEvent; readonly forget: () => void }>();
  /** Of programs whose lines are not taken yet, by number. */
  private readonly linesTaken = new Map<number, (() => void)[]>();
  private cancelPing: (() => void) | undefined;
  private cancelDeadline: (() => void) | undefined;
  private lastId = 0;
  private unansweredPings = 0;
  private stopping = false;
  private hasEnded = false;
  private reason: string | undefined;
  private tellGone: () => void = () => undefined;

  constructor(setup: ThreadSetup, surroundings: RunSurroundings, listener: RunListener) {
    this.surroundings = surroundings;
    this.listener = listener;
    const { timers, spawn } = surroundings;
    this.gone = new Promise((resolve) => {
      this.tellGone = resolve;
    });
    this.budget = new RequestBudget(timers);
    this.feed = new NewsFeed(
      {
        find: (name) => surroundings.findMember(name),
        post: (news) => this.thread.post({ kind: "news", news }),
        dropped: (count) => this.warn(`it is behind: ${count} events were dropped`),
      },
      timers,
    );
    this.thread = spawn(setup, {
      received: (message) => this.take(message),
      ended: (why) => void this.finish(why),
    });
    this.setDeadline(loadTimeoutMs, "it is not loaded");
    this.ping();
  }

  /** Everything it builds on runs. */
  start(selfName: string, members: readonly PluginMember[]): void {
    this.setDeadline(startTimeoutMs, "it has not started");
    this.thread.post({ kind: "start", selfName, members });
  }

  /** Has it end, by force where it does not within ten seconds. With a reason it counts as failed. Resolves when all of it is gone. */
  stop(reason?: string, ending: PluginEnding = "stopped"): Promise<void> {
    this.reason ??= reason;
    if (!this.stopping) {
      this.stopping = true;
      this.feed.stop();
      this.cancelDeadline?.();
      this.cancelDeadline = this.surroundings.timers.after(stopTimeoutMs, () => {
        this.warn("it does not stop, and is ended");
        this.terminate();
      });
      this.thread.post({ kind: "stop", ending });
    }
    return this.gone;
  }

  /** At once, with its programs: the agent's process ends. */
  kill(): void {
    this.surroundings.programs.killAll();
  }

  memberChanged(name: string): void {
    this.feed.memberChanged(name);
  }

  happened(occurrence: PluginOccurrence): void {
    this.feed.happened(occurrence);
  }

  asked(query: QueryEvent): void {
    if (this.stopping || !this.answering.has(query.name)) return;
    if (this.queries.size >= queriesMax) {
      this.warn(`it is behind: the query ${query.name} is not answered`);
      return;
    }
    this.lastId += 1;
    const id = this.lastId;
    this.queries.set(id, {
      query,
      forget: this.surroundings.timers.after(query.timeoutMs, () => this.queries.delete(id)),
    });
    const { name, payload, sourceNode } = query;
    this.thread.post({ kind: "query", id, query: { name, payload, sourceNode } });
  }

  /** Rejects with what the plugin says, TIMEOUT, or PLUGIN_FAILED where it ends before. */
  call(target: "api" | "action", name: string, args: readonly unknown[]): Promise<unknown> {
    if (this.stopping) return Promise.reject(new SerfError("PLUGIN_FAILED", "it is stopping"));
    if (this.calls.size >= callsMax)
      return Promise.reject(new SerfError("PLUGIN_BUSY", `${callsMax} calls wait for an answer already`));
    this.lastId += 1;
    const id = this.lastId;
    return new Promise((resolve, reject) => {
      this.thread.post({ kind: "call", id, target, name, args });
      const cancelTimer = this.surroundings.timers.after(callTimeoutMs, () => {
        this.calls.delete(id);
        reject(new SerfError("TIMEOUT", `${name} takes longer than ${callTimeoutMs / 1000} s`));
      });
      this.calls.set(id, { resolve, reject, cancelTimer });
    });
  }

  /** A library in the plugin may use the same port for what it likes: that ends the run, as a failure, and never the agent. */
  private take(message: FromThread): void {
    try {
      this.receive(message);
    } catch (error) {
      this.end(`its thread sends what is no message of a plugin: ${messageOf(error)}`);
    }
  }

  private receive(message: FromThread): void {
    switch (message.kind) {
      case "loaded":
        this.cancelDeadline?.();
        this.listener.loaded(message.description, message.options);
        return;
      case "started":
        if (this.stopping) return;
        this.cancelDeadline?.();
        this.listener.started();
        return;
      case "stopped":
        this.stopping = true;
        this.terminate();
        return;
      case "notice":
        this.receiveNotice(message.notice);
        return;
      case "request":
        this.receiveRequest(message);
        return;
      case "news-taken":
        this.feed.taken();
        return;
      case "lines-taken":
        this.linesTaken.get(message.process)?.shift()?.();
        return;
      case "query-answer":
        this.receiveAnswer(message);
        return;
      case "result":
      case "no-result":
        this.receiveResult(message);
        return;
      case "pong":
        this.receivePong(message.bufferBytes);
        return;
      default:
        unreachable(message);
    }
  }

  private receiveNotice(notice: PluginNotice): void {
    if (notice.kind === "failed") void this.stop(notice.reason);
    else if (notice.kind === "answering") this.answering = new Set(notice.names);
    else this.listener.notice(notice);
  }

  private receiveAnswer({ id, answer }: Extract<FromThread, { kind: "query-answer" }>): void {
    const asked = this.queries.get(id);
    this.queries.delete(id);
    asked?.forget();
    if (asked === undefined || answer === undefined) return;
    const { query } = asked;
    try {
      if (!(answer instanceof Uint8Array)) throw new SerfError("PLUGIN_INVALID", "an answer is a text or bytes");
      query.respond(answer);
    } catch (error) {
      this.warn(`the answer to query ${query.name} is not sent: ${messageOf(error)}`);
    }
  }

  private receiveResult(message: Extract<FromThread, { kind: "result" | "no-result" }>): void {
    const error = message.kind === "result" ? undefined : errorOf(message.error);
    const call = this.calls.get(message.id);
    this.calls.delete(message.id);
    call?.cancelTimer();
    if (message.kind === "result") call?.resolve(message.value);
    else call?.reject(error);
  }

  private receivePong(bufferBytes: number): void {
    this.unansweredPings = 0;
    if (bufferBytes > bufferBytesMax) this.end(`its buffers take more than ${bufferBytesMax / 2 ** 20} MiB of memory`);
  }

  private receiveRequest(request: ThreadRequest): void {
    const { id } = request;
    const serve = async (): Promise<void> => {
      try {
        this.thread.post({ kind: "granted", id, output: await this.serve(request) });
      } catch (error) {
        this.thread.post({ kind: "refused", id, error: plainError(error) });
      }
    };
    try {
      this.budget.admit(() => void serve());
    } catch (error) {
      this.thread.post({ kind: "refused", id, error: plainError(error) });
    }
  }

  private async serve(request: ThreadRequest): Promise<unknown> {
    const { services, programs } = this.surroundings;
    switch (request.name) {
      case "send-event":
        return services.sendEvent(request.input);
      case "ask-query":
        return services.ask(request.input);
      case "update-tags":
        return services.updateTags(request.input);
      case "leave":
        return services.leave();
      case "data-directory":
        return this.surroundings.dataDirectory();
      case "run":
        return programs.run(request.input.command, request.input.options);
      case "start-process":
        return this.startProgram(request.input);
      case "signal-process":
        return programs.signal(request.input.id, request.input.signal);
      case "use":
        return this.surroundings.use(request.input);
      default:
        return unreachable(request);
    }
  }

  private startProgram({ id, command, options }: RequestInput<"start-process">): Promise<{ readonly pid: number }> {
    const taken: (() => void)[] = [];
    this.linesTaken.set(id, taken);
    return this.surroundings.programs.start(id, command, options, {
      lines: (lines) => {
        // Nobody takes them any more, and the program is to come to its end.
        if (this.hasEnded) return Promise.resolve();
        this.thread.post({ kind: "lines", process: id, lines });
        return new Promise((resolve) => taken.push(resolve));
      },
      ended: (ending) => {
        this.linesTaken.delete(id);
        this.thread.post({ kind: "process-ended", process: id, ending });
      },
    });
  }

  /** Counts what was asked, not time: when the whole machine stood still, its threads could not answer either. */
  private ping(): void {
    this.cancelPing = this.surroundings.timers.after(pingIntervalMs, () => {
      if (this.unansweredPings >= pingsUnansweredMax) {
        this.end(`it blocks its thread: no answer for ${(pingIntervalMs * pingsUnansweredMax) / 1000} s`);
        return;
      }
      this.unansweredPings += 1;
      this.thread.post({ kind: "ping" });
      this.ping();
    });
  }

  private setDeadline(timeoutMs: number, problem: string): void {
    this.cancelDeadline?.();
    this.cancelDeadline = this.surroundings.timers.after(timeoutMs, () => {
      void this.stop(`${problem} within ${timeoutMs / 1000} s`);
    });
  }

  /** By force, and as a failure. */
  private end(reason: string): void {
    this.reason ??= reason;
    this.stopping = true;
    this.terminate();
  }

  /** V8 has loops it does not interrupt, at least in Node 24 and 26: a thread beyond its heap that fills arrays. That is said, since nothing else would be heard of it. */
  private terminate(): void {
    this.cancelDeadline?.();
    this.cancelDeadline = this.surroundings.timers.after(terminateTimeoutMs, () => {
      const line = `${this.reason ?? "it was stopped"}; but Node does not end its thread: only a restart of the agent does`;
      this.listener.notice({ kind: "log", level: "ERR", line });
    });
    this.thread.terminate();
  }

  private async finish(why: string): Promise<void> {
    const reason = this.reason ?? (this.stopping ? undefined : why);
    this.stopping = true;
    this.feed.stop();
    this.budget.stop();
    this.cancelDeadline?.();
    this.cancelPing?.();
    for (const { forget } of this.queries.values()) forget();
    for (const { reject, cancelTimer } of this.calls.values()) {
      cancelTimer();
      reject(new SerfError("PLUGIN_FAILED", reason ?? "it was stopped"));
    }
    this.calls.clear();
    this.queries.clear();
    this.surroundings.services.stop();
    this.hasEnded = true;
    for (const taken of this.linesTaken.values()) for (const proceed of taken.splice(0)) proceed();
    await this.surroundings.programs.endAll();
    this.tellGone();
    this.listener.ended(reason);
  }

  private warn(line: string): void {
    this.listener.notice({ kind: "log", level: "WARN", line });
  }
}
