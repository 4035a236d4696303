/** What operators do with plugins. Each change is checked before it replaces what works, and taken back where it does not work. */

import { isAbsolute } from "node:path";
import { messageOf, SerfError } from "../base/errors.ts";
import { nearestWord } from "../base/nearest-word.ts";
import { isPluginName } from "../plugins/declaration.ts";
import type { PluginDescription } from "../plugins/thread/messages.ts";
import { type Inspection, inspectPlugin } from "./inspect-plugin.ts";
import type { InstanceConfig, InstanceOrigin } from "./instance-config.ts";
import { installPackage, readPackage, removePackage } from "./npm.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { PluginInstance } from "./plugin-instance.ts";
import { findEntry, sourceOf } from "./sources.ts";

/** An instance that is to go is given so long to come to its feet. */
const retireWaitMs = 5_000;

type Texts = readonly (readonly [key: string, text: string])[];

export class PluginAdmin {
  private readonly host: PluginHost;
  /** Changes are made one after another. */
  private turn: Promise<unknown> = Promise.resolve();

  constructor(host: PluginHost) {
    this.host = host;
  }

  /** Starts what the files say. What is wrong with one of them is that instance's failure alone. */
  start(): void {
    const { files, logger } = this.host.options;
    try {
      const { configs, broken } = files?.read() ?? { configs: [], broken: [] };
      for (const config of configs) {
        const instance = this.host.add(config);
        if (config.enabled) instance.begin();
      }
      for (const { name, problem } of broken) this.addBroken(name, problem);
    } catch (error) {
      logger.log("ERR", `plugins: ${messageOf(error)}`);
    }
  }

  /** A plugin as it is installed under that name, or as it is in the box. Rejects with PLUGIN_UNKNOWN. */
  async describe(
    name: string,
  ): Promise<{ readonly description: PluginDescription; readonly instance?: PluginInstance }> {
    const instance = this.host.instances.get(name);
    if (instance !== undefined) {
      const { description } = await this.inspect(instance.config).catch((error: unknown) => {
        if (instance.description === undefined) throw error;
        return { description: instance.description };
      });
      return { description, instance };
    }
    if (!Object.hasOwn(this.host.options.boxed, name)) throw this.unknown(name);
    const { description } = await this.inspect(configInBox(name), [], true);
    return { description };
  }

  /** Rejects with PLUGIN_UNKNOWN, PLUGIN_INVALID, PLUGIN_IN_USE, PLUGIN_FAILED or PLUGIN_FILE_FAILED; then nothing is installed. */
  install(what: string, as: string, texts: Texts): Promise<PluginInstance> {
    return this.inTurn(async () => {
      if (as !== "") this.checkFree(as);
      const origin = await this.findOrigin(what);
      const draft: InstanceConfig = {
        ...configInBox(origin.kind === "box" ? what : "unnamed"),
        origin,
      };
      const { description, options } = await this.inspect(draft, texts);
      const name = as === "" ? description.name : as;
      this.checkFree(name);
      const config = { ...draft, name, plugin: description.name, options };
      await this.checkBases(config, description, []);
      const automatic = this.host.instances.get(name);
      if (automatic !== undefined) {
        await this.replace(automatic, config, true);
        return automatic;
      }
      return this.addNew(config);
    });
  }

  /** Rejects as `install` does; then all is as it was. */
  configure(name: string, texts: Texts): Promise<PluginInstance> {
    return this.inTurn(async () => {
      const instance = this.find(name);
      this.expectWholeFile(instance);
      const { options } = await this.inspect(instance.config, texts);
      await this.replace(instance, { ...instance.config, options }, true);
      return instance;
    });
  }

  /** Also where it then fails: its state says so, and it is tried again. */
  enable(name: string): Promise<PluginInstance> {
    return this.inTurn(async () => {
      const instance = this.find(name);
      this.expectWholeFile(instance);
      this.save({ ...instance.config, enabled: true });
      instance.config = { ...instance.config, enabled: true };
      instance.begin();
      await instance.settled();
      return instance;
    });
  }

  /** Rejects with PLUGIN_IN_USE while others build on it. */
  disable(name: string): Promise<PluginInstance> {
    return this.inTurn(async () => {
      const instance = this.findUnused(name);
      this.expectWholeFile(instance);
      this.save({ ...instance.config, enabled: false });
      instance.config = { ...instance.config, enabled: false };
      await this.retire(instance);
      return instance;
    });
  }

  /** Its own files, which it kept in its data directory, stay. Rejects as `disable` does. */
  remove(name: string): Promise<void> {
    return this.inTurn(async () => {
      const instance = this.findUnused(name);
      this.host.options.files?.remove(name);
      await this.retire(instance);
      this.host.instances.delete(name);
      await this.removeUnusedPackage(instance.config);
    });
  }

  /** Reads the files again and takes over what is different in them. What cannot be taken over is logged, and goes on as it was. */
  reload(): Promise<void> {
    return this.inTurn(async () => {
      const { configs, broken } = this.host.options.files?.read() ?? { configs: [], broken: [] };
      const names = [...configs, ...broken].map(({ name }) => name);
      for (const instance of [...this.host.instances.values()]) {
        if (instance.automatic || names.includes(instance.name)) continue;
        await this.retire(instance);
        this.host.instances.delete(instance.name);
      }
      for (const config of configs) await this.takeOver(config);
      for (const { name, problem } of broken) {
        const instance = this.host.instances.get(name);
        if (instance === undefined) this.addBroken(name, problem);
        else this.setFileProblem(instance, problem);
      }
    });
  }

  /** The instance of that name. Throws PLUGIN_UNKNOWN. */
  find(name: string): PluginInstance {
    const instance = this.host.instances.get(name);
    if (instance === undefined) throw this.unknown(name);
    return instance;
  }

  private async takeOver(config: InstanceConfig): Promise<void> {
    const instance = this.host.instances.get(config.name);
    if (instance === undefined) {
      const added = this.host.add(config);
      if (config.enabled) added.begin();
      return;
    }
    instance.fileProblem = "";
    if (!instance.automatic && JSON.stringify(instance.config) === JSON.stringify(config)) return;
    try {
      await this.inspect(config);
      await this.replace(instance, config, false);
    } catch (error) {
      this.setFileProblem(instance, `its file is not taken over: ${messageOf(error)}`);
    }
  }

  private setFileProblem(instance: PluginInstance, problem: string): void {
    instance.fileProblem = problem;
    instance.say("ERR", problem);
  }

  private addBroken(name: string, problem: string): void {
    const instance = this.host.add({ ...configInBox("unknown"), name, enabled: false });
    instance.state = "failed";
    this.setFileProblem(instance, problem);
  }

  private async addNew(config: InstanceConfig): Promise<PluginInstance> {
    const instance = this.host.add(config);
    instance.begin();
    try {
      const problem = await instance.settled();
      if (problem !== undefined) throw new SerfError("PLUGIN_FAILED", `it does not start: ${problem}`);
      this.save(config);
      return instance;
    } catch (error) {
      await instance.halt();
      this.host.instances.delete(config.name);
      throw error;
    }
  }

  /** Runs the instance with another configuration, and with the former one again where that fails. It then counts as installed. */
  private async replace(instance: PluginInstance, config: InstanceConfig, saves: boolean): Promise<void> {
    const before = instance.config;
    let { automatic } = instance;
    const dependants = this.host.dependantsOf(instance);
    // As long as they are stopped nobody seems to need it.
    instance.automatic = false;
    // Those that build on it are stopped first and begin again when it runs.
    await Promise.all(dependants.map((dependant) => dependant.halt()));
    await instance.halt(config.enabled ? "stopped" : "removed");
    instance.config = config;
    try {
      if (config.enabled) instance.begin();
      const problem = await instance.settled();
      if (problem !== undefined) throw new SerfError("PLUGIN_FAILED", `it does not start so: ${problem}`);
      if (saves) this.save(config);
      automatic = false;
    } catch (error) {
      await instance.halt();
      instance.config = before;
      if (before.enabled) instance.begin();
      await instance.settled();
      throw new SerfError("PLUGIN_FAILED", `${messageOf(error)}; it runs as before again`, { cause: error });
    } finally {
      for (const dependant of dependants) dependant.begin();
      instance.automatic = automatic;
    }
  }

  private async inspect(config: InstanceConfig, texts: Texts = [], describeOnly = false): Promise<Inspection> {
    const { spawn, timers, packagesFolder } = this.host.options;
    const source = sourceOf(config, packagesFolder);
    const setup = { source, instance: config.name, options: config.options, texts, describeOnly };
    return inspectPlugin(setup, spawn, timers);
  }

  /** What it builds on must be there, and must not build on it. */
  private async checkBases(config: InstanceConfig, { name, buildsOn }: PluginDescription, trail: readonly string[]) {
    if (trail.includes(name))
      throw new SerfError("PLUGIN_INVALID", `${[...trail, name].join(" builds on ")}: none of them can be first`);
    for (const plugin of buildsOn) {
      const base =
        this.host.baseFor(plugin)?.config ?? (Object.hasOwn(this.host.options.boxed, plugin) && configInBox(plugin));
      if (!base) throw new SerfError("PLUGIN_INVALID", `${config.plugin} builds on ${plugin}: install that first`);
      const { description } = await this.inspect(base);
      await this.checkBases(base, description, [...trail, name]);
    }
  }

  private async findOrigin(what: string): Promise<InstanceOrigin> {
    if (Object.hasOwn(this.host.options.boxed, what)) return { kind: "box" };
    const wanted = readPackage(what);
    if (wanted === undefined) {
      if (!isAbsolute(what)) throw this.unknown(what);
      findEntry(what);
      return { kind: "folder", folder: what };
    }
    const { packagesFolder, logger } = this.host.options;
    if (packagesFolder === undefined)
      throw new SerfError("PLUGIN_FAILED", "this agent has no directory for packages: start it with -plugin-dir");
    logger.log("INFO", `plugins: installing the package ${wanted}`);
    return { kind: "package", package: await installPackage(wanted, packagesFolder) };
  }

  private async removeUnusedPackage({ origin }: InstanceConfig): Promise<void> {
    const { packagesFolder, logger } = this.host.options;
    if (origin.kind !== "package" || packagesFolder === undefined) return;
    const others = [...this.host.instances.values()].map(({ config }) => config.origin);
    if (others.some((other) => other.kind === "package" && other.package === origin.package)) return;
    try {
      await removePackage(origin.package, packagesFolder);
    } catch (error) {
      logger.log("WARN", `plugins: the package ${origin.package} stays: ${messageOf(error)}`);
    }
  }

  /** Stops it for good. One that is about to start may do so first: only a plugin that runs can take back what it left in others' files. */
  private async retire(instance: PluginInstance): Promise<void> {
    await new Promise<void>((resolve) => {
      const cancel = this.host.options.timers.after(retireWaitMs, resolve);
      void instance.settled().then(() => {
        cancel();
        resolve();
      });
    });
    await instance.halt("removed");
  }

  private findUnused(name: string): PluginInstance {
    const instance = this.find(name);
    const dependants = this.host.dependantsOf(instance).map((dependant) => dependant.name);
    if (instance.automatic)
      throw new SerfError("PLUGIN_IN_USE", `${name} was not installed: it runs for ${dependants.join(", ")}`);
    if (dependants.length > 0)
      throw new SerfError("PLUGIN_IN_USE", `${dependants.join(", ")} builds on ${name}: disable or remove that first`);
    return instance;
  }

  private expectWholeFile({ fileProblem }: PluginInstance): void {
    if (fileProblem === "") return;
    throw new SerfError("PLUGIN_FILE_FAILED", `${fileProblem}; mend the file and send the agent SIGHUP, or remove it`);
  }

  private checkFree(name: string): void {
    if (!isPluginName(name))
      throw new SerfError("PLUGIN_INVALID", `"${name}" is no name: 1 to 32 lower-case letters, digits and dashes`);
    const taken = this.host.instances.get(name);
    if (taken !== undefined && !taken.automatic)
      throw new SerfError("PLUGIN_IN_USE", `${name} is installed already; another instance needs -as NAME`);
  }

  private save(config: InstanceConfig): void {
    this.host.options.files?.write(config);
  }

  private unknown(name: string): SerfError {
    const known = [...this.host.instances.keys(), ...Object.keys(this.host.options.boxed)];
    const nearest = nearestWord(name, known);
    const hint = nearest === undefined ? "" : `, did you mean "${nearest}"?`;
    const how = hint === "" ? "; a folder needs a path, a package is named serf-ts-plugin-X or npm:X" : "";
    return new SerfError("PLUGIN_UNKNOWN", `there is no plugin "${name}"${hint}${how}`);
  }

  private inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = this.turn.then(work);
    this.turn = done.catch(() => undefined);
    return done;
  }
}

function configInBox(name: string): InstanceConfig {
  return { name, plugin: name, origin: { kind: "box" }, enabled: true, options: {} };
}
