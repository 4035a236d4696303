/** A bench for plugins: a made-up cluster in the test's own process, with no agent, no thread and, unless asked for, no real time. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { type OptionDeclarations, type ResolvedOptions, resolveOptions } from "../base/options.ts";
import { BenchTimers, realTimers } from "./bench-timers.ts";
import { checkDeclaration } from "./declaration.ts";
import { readByKeys } from "./keyed-options.ts";
import type { PluginLink, PluginNotice, RequestInput, RequestName, RequestOutput } from "./link.ts";
import type {
  Plugin,
  PluginApi,
  PluginEnding,
  PluginMember,
  PluginMemberEvent,
  PluginQueryOptions,
  PluginQueryResult,
  PluginSignal,
  ProcessResult,
  RunOptions,
} from "./plugin.ts";
import { Programs } from "./programs.ts";
import { PluginRuntime } from "./runtime.ts";

/** A member as a test writes it: only what matters to it. */
export type BenchMember = Partial<PluginMember> & { readonly name: string };

/** What a bench is set up with. */
export interface PluginBenchOptions<D extends OptionDeclarations> {
  /** As `context.options` will have them; those left out have their defaults. */
  readonly options?: Partial<ResolvedOptions<D>>;
  /** As a file of the plugin directory has them, by key. Instead of `options`. */
  readonly fileOptions?: Readonly<Record<string, unknown>>;
  /** Default: that of the plugin. */
  readonly instance?: string;
  /** Default: this node alone. */
  readonly members?: readonly BenchMember[];
  /** The name of this node, "self" unless said otherwise. It is a member in any case. */
  readonly self?: string;
  /** Default "virtual": time passes by `advance` alone. */
  readonly time?: "virtual" | "real";
  /** Stands in for programs. Undefined, and by default, the program is run. Those that stay are always run. */
  readonly run?: (command: readonly string[], options: RunOptions) => Partial<ProcessResult> | undefined;
  /** What queries that the plugin asks bring. Default: nothing. */
  readonly ask?: (name: string, payload: Uint8Array, options: PluginQueryOptions) => Partial<PluginQueryResult>;
  /** What the plugins that it builds on offer. */
  readonly uses?: Readonly<Record<string, PluginApi>>;
}

/** How long `advance` waits for work that a timer started. */
const workMsMax = 5_000;

/** Checks the declaration and the options as an agent does, and sets the plugin up. Throws PLUGIN_INVALID. `start` is still to be called. */
export function createPluginBench<const D extends OptionDeclarations>(
  plugin: Plugin<D>,
  options: PluginBenchOptions<D> = {},
): PluginBench {
  return new PluginBench(checkDeclaration(plugin), options as PluginBenchOptions<OptionDeclarations>);
}

/** One plugin on the bench, and what it did. */
export class PluginBench {
  /** Log lines: "INFO hello". */
  readonly log: string[] = [];
  readonly sentEvents: { readonly name: string; readonly payload: string; readonly coalesce: boolean }[] = [];
  readonly askedQueries: { readonly name: string; readonly payload: string; readonly options: PluginQueryOptions }[] =
    [];
  /** The commands it ran or started. */
  readonly commands: (readonly string[])[] = [];
  status = "";
  problem: string | undefined;
  /** Why it has failed, if it has. */
  failure: string | undefined;
  /** It has asked the agent to leave. */
  hasLeft = false;

  private readonly options: PluginBenchOptions<OptionDeclarations>;
  private readonly members = new Map<string, PluginMember>();
  private readonly selfName: string;
  private readonly virtual: BenchTimers | undefined;
  private readonly programs = new Programs({ graceMs: 1000 });
  private readonly runtime: PluginRuntime;
  private folder: string | undefined;
  private lamportTime = 0;
  private answering: readonly string[] = [];

  constructor(plugin: Plugin, options: PluginBenchOptions<OptionDeclarations>) {
    this.options = options;
    this.selfName = options.self ?? "self";
    for (const member of [{ name: this.selfName }, ...(options.members ?? [])])
      this.members.set(member.name, completeMember(member));
    this.virtual = options.time === "real" ? undefined : new BenchTimers();
    this.runtime = new PluginRuntime({
      plugin,
      instance: options.instance ?? plugin.name,
      options: benchOptions(plugin, options),
      selfName: this.selfName,
      members: [...this.members.values()],
      link: this.createLink(),
      timers: this.virtual ?? realTimers,
    });
  }

  /** Rejects with what the plugin's `start` throws. */
  async start(): Promise<this> {
    await this.runtime.start();
    return this;
  }

  /** Stops the plugin, ends its programs and removes its data directory. */
  async stop(ending: PluginEnding = "stopped"): Promise<void> {
    try {
      await this.runtime.stop(ending);
    } finally {
      await this.programs.endAll();
      if (this.folder !== undefined) await rm(this.folder, { recursive: true, force: true });
    }
  }

  /** Adds a member, or changes one: what is left out stays as it was. Events follow as from a real agent. */
  setMember(member: BenchMember): void {
    const before = this.members.get(member.name);
    const after = completeMember({ ...before, ...member });
    this.members.set(member.name, after);
    const event = eventOf(before, after);
    const events = event === undefined ? [] : [{ kind: "members" as const, event, members: [after] }];
    this.runtime.tell({ changed: [after], removed: [], events });
  }

  /** The member is forgotten. */
  reapMember(name: string): void {
    const member = this.members.get(name);
    if (member === undefined) return;
    this.members.delete(name);
    this.runtime.tell({
      changed: [],
      removed: [name],
      events: [{ kind: "members", event: "member-reap", members: [member] }],
    });
  }

  /** A user event arrives. */
  userEvent(name: string, payload: Uint8Array | string = ""): void {
    this.lamportTime += 1;
    const event = { name, payload: toBytes(payload), lamportTime: this.lamportTime };
    this.runtime.tell({ changed: [], removed: [], events: [{ kind: "user", event }] });
  }

  /** The agent's process gets a signal. */
  signal(signal: PluginSignal): void {
    this.runtime.tell({ changed: [], removed: [], events: [{ kind: "signal", signal }] });
  }

  /** A member asks. Resolves to the answer as text, or undefined where there is none. */
  async query(
    name: string,
    payload: Uint8Array | string = "",
    sourceNode = this.selfName,
  ): Promise<string | undefined> {
    if (!this.answering.includes(name)) return undefined;
    const answer = await this.runtime.answer({ name, payload: toBytes(payload), sourceNode });
    return answer === undefined ? undefined : utf8Decode(answer);
  }

  /** Calls a function of its api, as another plugin would. */
  call(method: string, ...args: unknown[]): Promise<unknown> {
    return this.runtime.callApi(method, args);
  }

  /** Has it do an action, as `serf plugin NAME ACTION` would. */
  action(name: string, ...words: string[]): Promise<unknown> {
    return this.runtime.callAction(name, words);
  }

  /** Lets virtual time pass: timers fire in their order, and work that they start is waited for. */
  async advance(ms: number): Promise<void> {
    if (this.virtual === undefined) throw new SerfError("INVALID_OPTION", "only virtual time can be advanced");
    const untilMs = this.virtual.nowMs() + ms;
    do await this.settle();
    while (this.virtual.fireNext(untilMs));
    await this.settle();
  }

  /** Waits until the work that timers started is done, or waits for a timer itself. */
  async settle(): Promise<void> {
    const giveUpAtMs = performance.now() + workMsMax;
    do await new Promise((resolve) => setImmediate(resolve));
    while (this.runtime.scheduler.workingCount > 0 && performance.now() < giveUpAtMs);
  }

  /** The tags of this node. */
  get tags(): Readonly<Record<string, string>> {
    return this.members.get(this.selfName)?.tags ?? {};
  }

  private createLink(): PluginLink {
    return {
      notify: (notice) => this.receiveNotice(notice),
      // The table gives each name its own types; the cases below keep to them.
      request: async <N extends RequestName>(name: N, input: RequestInput<N>) =>
        (await this.serve({ name, input } as Asked)) as RequestOutput<N>,
    };
  }

  private receiveNotice(notice: PluginNotice): void {
    switch (notice.kind) {
      case "log":
        this.log.push(`${notice.level} ${notice.line}`);
        return;
      case "status":
        this.status = notice.text;
        return;
      case "problem":
        this.problem = notice.text;
        return;
      case "failed":
        this.failure = notice.reason;
        return;
      case "answering":
        this.answering = notice.names;
        return;
    }
  }

  private async serve(asked: Asked): Promise<unknown> {
    switch (asked.name) {
      case "send-event":
        this.sentEvents.push({ ...asked.input, payload: utf8Decode(asked.input.payload) });
        return undefined;
      case "ask-query": {
        const { name, payload, options } = asked.input;
        this.askedQueries.push({ name, payload: utf8Decode(payload), options });
        return { acks: [], responses: [], ...this.options.ask?.(name, payload, options) };
      }
      case "update-tags":
        return this.updateTags(asked.input);
      case "data-directory":
        this.folder ??= await mkdtemp(join(tmpdir(), "serf-ts-bench-"));
        return this.folder;
      case "leave":
        this.hasLeft = true;
        return undefined;
      case "run":
        return this.run(asked.input);
      case "start-process":
        return this.startProgram(asked.input);
      case "signal-process":
        return this.programs.signal(asked.input.id, asked.input.signal);
      case "use":
        return this.use(asked.input);
    }
  }

  private updateTags({ set, remove }: RequestInput<"update-tags">): void {
    const kept = Object.entries(this.tags).filter(([name]) => !remove.includes(name));
    this.setMember({ name: this.selfName, tags: { ...Object.fromEntries(kept), ...set } });
  }

  private async run({ command, options }: RequestInput<"run">): Promise<ProcessResult> {
    this.commands.push(command);
    const result = this.options.run?.(command, options);
    if (result === undefined) return this.programs.run(command, options);
    return { exitCode: 0, signal: null, stdout: "", stderr: "", timedOut: false, ...result };
  }

  private startProgram({ id, command, options }: RequestInput<"start-process">): Promise<{ readonly pid: number }> {
    this.commands.push(command);
    const { processes } = this.runtime;
    return this.programs.start(id, command, options, {
      lines: async (lines) => processes.receiveLines(id, lines),
      ended: (ending) => processes.receiveEnd(id, ending),
    });
  }

  private async use({ plugin, method, args }: RequestInput<"use">): Promise<unknown> {
    const api = this.options.uses?.[plugin] ?? {};
    if (!Object.hasOwn(api, method)) throw new SerfError("PLUGIN_INVALID", `${plugin} has no ${method}()`);
    // As between threads: only what can be cloned arrives.
    return structuredClone(await api[method]?.(...structuredClone(args)));
  }
}

/** A request with the input that its name stands for. */
type Asked = { [N in RequestName]: { readonly name: N; readonly input: RequestInput<N> } }[RequestName];

function benchOptions(plugin: Plugin, { options = {}, fileOptions }: PluginBenchOptions<OptionDeclarations>) {
  const resolved =
    fileOptions === undefined ? resolveOptions(plugin.options, options) : readFileOptions(plugin, fileOptions);
  const problem = plugin.checkOptions?.(resolved);
  if (problem !== undefined) throw new SerfError("PLUGIN_INVALID", problem);
  return resolved;
}

function readFileOptions(plugin: Plugin, fileOptions: Readonly<Record<string, unknown>>) {
  const read = readByKeys(plugin.options, fileOptions);
  if ("problem" in read) throw new SerfError("PLUGIN_INVALID", read.problem);
  return read.value as ResolvedOptions<OptionDeclarations>;
}

function completeMember(member: BenchMember): PluginMember {
  return { address: "10.0.0.1", port: 7946, status: "alive", tags: {}, ...member };
}

/** What an agent tells of such a change. Of a member that begins to leave it tells nothing yet. */
function eventOf(before: PluginMember | undefined, after: PluginMember): PluginMemberEvent | undefined {
  if (before?.status === after.status) return "member-update";
  switch (after.status) {
    case "alive":
      return before?.status === "leaving" ? undefined : "member-join";
    case "left":
      return "member-leave";
    case "failed":
      return "member-failed";
    case "leaving":
      return undefined;
  }
}

function toBytes(payload: Uint8Array | string): Uint8Array {
  return typeof payload === "string" ? utf8Encode(payload) : payload;
}
