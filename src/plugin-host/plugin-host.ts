/** The plugins of one agent: which there are, what builds on what, and what happens in the cluster to all of them. */

import { SerfError } from "../base/errors.ts";
import type { Logger } from "../base/host.ts";
import type { PluginOccurrence, RequestInput } from "../plugins/link.ts";
import type { PluginMember, PluginSignal } from "../plugins/plugin.ts";
import { Programs } from "../plugins/programs.ts";
import type { TimerSource } from "../plugins/scheduler.ts";
import type { PluginInstanceView } from "../rpc/plugin-actions.ts";
import type { SerfEvent } from "../serf/events.ts";
import { AgentServices } from "./agent-services.ts";
import { type HostedAgent, toPluginMember } from "./hosted-agent.ts";
import { describeOrigin, type InstanceConfig } from "./instance-config.ts";
import type { InstanceFiles } from "./instance-files.ts";
import { PluginInstance } from "./plugin-instance.ts";
import { PluginRun, type RunListener } from "./plugin-run.ts";
import { sourceOf } from "./sources.ts";
import type { SpawnThread } from "./worker-thread.ts";

export interface PluginHostOptions {
  readonly agent: HostedAgent;
  readonly spawn: SpawnThread;
  readonly timers: TimerSource;
  readonly logger: Logger;
  /** The plugins in the box. */
  readonly boxed: Readonly<Record<string, { readonly description: string }>>;
  /** Undefined: nothing outlives the agent. */
  readonly files: InstanceFiles | undefined;
  /** Where packages are installed. */
  readonly packagesFolder: string | undefined;
}

export class PluginHost {
  readonly instances = new Map<string, PluginInstance>();
  readonly options: PluginHostOptions;
  private readonly ends: (() => void)[] = [];
  private reviewing = false;
  private reviewAgain = false;
  private stopping = false;

  constructor(options: PluginHostOptions) {
    this.options = options;
    const { agent } = options;
    agent.serf.membership.onChange((name) => this.eachRun((run) => run.memberChanged(name)));
    this.ends.push(agent.onEvent((event) => this.receiveEvent(event)));
  }

  /** Adds an instance, which `begin` starts. */
  add(config: InstanceConfig, automatic = false): PluginInstance {
    const instance = new PluginInstance(config, automatic, {
      timers: this.options.timers,
      createRun: (current, listener) => this.createRun(current, listener),
      changed: () => this.review(),
      log: (level, line) => this.options.logger.log(level, `plugin.${config.name}: ${line}`),
    });
    this.instances.set(config.name, instance);
    return instance;
  }

  /** The agent's process got a signal. */
  signal(signal: PluginSignal): void {
    this.eachRun((run) => run.happened({ kind: "signal", signal }));
  }

  /** Stops all of them, what builds on others first. Nothing is started any more. */
  async stop(): Promise<void> {
    this.stopping = true;
    for (const end of this.ends.splice(0)) end();
    const begun = new Set<PluginInstance>();
    const stopped = new Map<PluginInstance, Promise<void>>();
    const haltInOrder = (instance: PluginInstance): Promise<void> => {
      begun.add(instance);
      const before = this.dependantsOf(instance).map((one) =>
        begun.has(one) ? (stopped.get(one) ?? Promise.resolve()) : haltInOrder(one),
      );
      const done = Promise.all(before).then(() => instance.halt());
      stopped.set(instance, done);
      return done;
    };
    await Promise.all([...this.instances.values()].map((one) => stopped.get(one) ?? haltInOrder(one)));
  }

  /** The process ends this very moment: ends what plugins run, and waits for nothing. */
  killPrograms(): void {
    this.eachRun((run) => run.kill());
  }

  /** Instances that build on it and are under way or to be. */
  dependantsOf(base: PluginInstance): PluginInstance[] {
    return [...this.instances.values()].filter(
      (instance) =>
        instance !== base &&
        instance.state !== "disabled" &&
        instance.description?.buildsOn.includes(base.config.plugin) &&
        this.baseFor(base.config.plugin) === base,
    );
  }

  /** The instance that others get who build on that plugin: the one of its own name, else the first that is enabled. */
  baseFor(plugin: string): PluginInstance | undefined {
    const enabled = [...this.instances.values()].filter(({ config }) => config.plugin === plugin && config.enabled);
    return enabled.find(({ name }) => name === plugin) ?? enabled[0];
  }

  view(instance: PluginInstance): PluginInstanceView {
    const { name, config, state, status, problem, fileProblem, restarts, automatic } = instance;
    return {
      instance: name,
      plugin: config.plugin,
      state,
      status,
      problem: fileProblem || problem,
      restarts,
      startedFor: automatic ? this.dependantsOf(instance).map((dependant) => dependant.name) : [],
      from: describeOrigin(config.origin),
    };
  }

  private receiveEvent(event: SerfEvent): void {
    if (event.kind === "query") {
      this.eachRun((run) => run.asked(event));
      return;
    }
    const occurrence = toOccurrence(event);
    this.eachRun((run) => run.happened(occurrence));
  }

  private eachRun(act: (run: PluginRun) => void): void {
    for (const { run } of this.instances.values()) if (run !== undefined) act(run);
  }

  private createRun(config: InstanceConfig, listener: RunListener): PluginRun {
    if (this.stopping) throw new SerfError("NOT_RUNNING", "the agent is stopping");
    const { agent, spawn, timers, files, packagesFolder } = this.options;
    const setup = { source: sourceOf(config, packagesFolder), instance: config.name, options: config.options };
    const surroundings = {
      spawn,
      timers,
      services: new AgentServices(agent),
      programs: new Programs(),
      findMember: (name: string) => this.findMember(name),
      dataDirectory: async () => {
        if (files !== undefined) return files.dataFolder(config.name);
        throw new SerfError("PLUGIN_FILE_FAILED", "this agent keeps no files of plugins: start it with -plugin-dir");
      },
      use: (input: RequestInput<"use">) => this.use(input),
    };
    return new PluginRun(setup, surroundings, listener);
  }

  private findMember(name: string): PluginMember | undefined {
    const member = this.options.agent.serf.membership.member(name);
    return member === undefined ? undefined : toPluginMember(member);
  }

  private use({ plugin, method, args }: RequestInput<"use">): Promise<unknown> {
    const base = this.baseFor(plugin);
    if (base?.run === undefined || base.state !== "running")
      return Promise.reject(new SerfError("PLUGIN_FAILED", `${plugin} does not run`));
    return base.run.call("api", method, args);
  }

  /** Brings what depends on each other into line, again and again until nothing changes. */
  private review(): void {
    this.reviewAgain = true;
    if (this.reviewing || this.stopping) return;
    this.reviewing = true;
    while (this.reviewAgain) {
      this.reviewAgain = false;
      for (const instance of [...this.instances.values()]) this.reviewInstance(instance);
    }
    this.reviewing = false;
  }

  private reviewInstance(instance: PluginInstance): void {
    const { state, description, automatic } = instance;
    if (automatic && this.dependantsOf(instance).length === 0) {
      this.instances.delete(instance.name);
      void instance.halt();
      return;
    }
    const bases = description?.buildsOn ?? [];
    if (state === "waiting") this.considerStart(instance, bases);
    if (state !== "starting" && state !== "running") return;
    const lost = bases.find((plugin) => this.baseFor(plugin)?.state !== "running");
    if (lost !== undefined) instance.restart(`${lost}, which it builds on, does not run`);
  }

  private considerStart(instance: PluginInstance, plugins: readonly string[]): void {
    if (this.buildsOn(instance, instance)) {
      instance.fail(`it builds on ${plugins.join(", ")} and that on ${instance.config.plugin}: neither can be first`);
      return;
    }
    for (const plugin of plugins) {
      const base = this.baseFor(plugin) ?? this.addAutomatic(plugin);
      if (base === undefined) {
        instance.fail(`it builds on ${plugin}, which is not installed, or disabled`);
        return;
      }
      if (base.state === "failed") instance.tellHeldUp(`${base.name}, which it builds on, failed: ${base.problem}`);
    }
    if (!plugins.every((plugin) => this.baseFor(plugin)?.state === "running")) return;
    const { serf } = this.options.agent;
    const members = serf.members().flatMap((member) => toPluginMember(member) ?? []);
    instance.proceed(serf.localMember.name, members);
  }

  /** Whether the one builds on the other, directly or through others. */
  private buildsOn(instance: PluginInstance, other: PluginInstance, seen = new Set<PluginInstance>()): boolean {
    for (const plugin of instance.description?.buildsOn ?? []) {
      const base = this.baseFor(plugin);
      if (base === other) return true;
      if (base === undefined || seen.has(base)) continue;
      seen.add(base);
      if (this.buildsOn(base, other, seen)) return true;
    }
    return false;
  }

  private addAutomatic(plugin: string): PluginInstance | undefined {
    // One of that name that is disabled or broken was meant, and is not passed over.
    if (!Object.hasOwn(this.options.boxed, plugin) || this.instances.has(plugin)) return undefined;
    const base = this.add({ name: plugin, plugin, origin: { kind: "box" }, enabled: true, options: {} }, true);
    base.begin();
    return base;
  }
}

function toOccurrence(event: Exclude<SerfEvent, { kind: "query" }>): PluginOccurrence {
  if (event.kind === "user") {
    const { name, payload, lamportTime } = event;
    return { kind: "user", event: { name, payload, lamportTime } };
  }
  return {
    kind: "members",
    event: event.kind,
    members: event.members.flatMap((member) => toPluginMember(member) ?? []),
  };
}
