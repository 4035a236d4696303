/** What clients may have done, from their JSON to the answer's. */

import * as v from "valibot";
import type { LogBuffer } from "../agent/log-buffer.ts";
import { SerfError } from "../base/errors.ts";
import type {
  PluginActionInput,
  PluginActionName,
  PluginActionOutput,
  PluginChange,
  PluginFound,
} from "../rpc/plugin-actions.ts";
import { searchPackages } from "./npm.ts";
import type { PluginAdmin } from "./plugin-admin.ts";
import type { PluginHost } from "./plugin-host.ts";
import type { PluginInstance } from "./plugin-instance.ts";

const text = v.pipe(v.string(), v.maxLength(4096));
const name = v.object({ name: text });
const texts = v.array(v.tuple([text, v.pipe(v.string(), v.maxLength(256 * 1024))]));

const inputs: { readonly [A in PluginActionName]: v.GenericSchema<unknown, PluginActionInput<A>> } = {
  list: v.object({}),
  search: v.object({ word: text, npm: v.boolean() }),
  info: name,
  install: v.object({ what: text, as: text, options: texts }),
  configure: v.object({ name: text, options: texts }),
  enable: name,
  disable: name,
  remove: name,
  call: v.object({ name: text, action: text, words: v.array(text) }),
  logs: name,
};

const notKept =
  "kept in memory only: this agent has no plugin directory; start it with -plugin-dir, or with -config-dir, to keep plugins over restarts";

export class PluginCommands {
  private readonly host: PluginHost;
  private readonly admin: PluginAdmin;
  private readonly performers: {
    readonly [A in PluginActionName]: (input: PluginActionInput<A>) => Promise<PluginActionOutput<A>>;
  };

  constructor(host: PluginHost, admin: PluginAdmin) {
    this.host = host;
    this.admin = admin;
    this.performers = {
      list: async () => ({ plugins: this.views(), notice: this.notice }),
      search: ({ word, npm }) => this.search(word, npm),
      info: async (input) => {
        const { description, instance } = await admin.describe(input.name);
        const { name: plugin, ...rest } = description;
        return { plugin, ...rest, ...(instance && { instance: host.view(instance) }) };
      },
      install: async ({ what, as, options }) => this.changed(await admin.install(what, as, options)),
      configure: async (input) => this.changed(await admin.configure(input.name, input.options)),
      enable: async (input) => this.changed(await admin.enable(input.name)),
      disable: async (input) => this.changed(await admin.disable(input.name)),
      remove: async (input) => {
        await admin.remove(input.name);
        return this.changed(undefined);
      },
      call: async (input) => ({ result: await this.call(input) }),
      logs: async (input) => ({ lines: admin.find(input.name).logs.lines() }),
    };
  }

  /** Rejects with a SerfError, INVALID_OPTION for what is no action or no input of it. */
  async perform(action: string, input: unknown): Promise<unknown> {
    if (!Object.hasOwn(inputs, action)) throw new SerfError("INVALID_OPTION", `there is no plugin action "${action}"`);
    const known = action as PluginActionName;
    const read = v.safeParse(inputs[known] as v.GenericSchema<unknown, never>, input);
    if (!read.success) throw new SerfError("INVALID_OPTION", `plugin ${action}: ${read.issues[0].message}`);
    return this.performers[known](read.output);
  }

  /** The log of an instance, kept and to come. Throws PLUGIN_UNKNOWN. */
  logs(instance: string): LogBuffer {
    return this.admin.find(instance).logs;
  }

  /** A line an instance, for `serf info`. */
  summary(): Readonly<Record<string, string>> {
    return Object.fromEntries(
      this.views().map(({ instance, state, status, problem }) => [
        instance,
        [state, status, problem].filter((part) => part !== "").join(": "),
      ]),
    );
  }

  private views() {
    const byName = [...this.host.instances.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
    return byName.map((instance) => this.host.view(instance));
  }

  private get notice(): string {
    return this.host.options.files === undefined ? notKept : "";
  }

  private changed(instance: PluginInstance | undefined): PluginChange {
    return { instance: instance && this.host.view(instance), notice: this.notice };
  }

  private async search(word: string, npm: boolean): Promise<{ readonly plugins: readonly PluginFound[] }> {
    const wanted = word.toLowerCase();
    const boxed = Object.entries(this.host.options.boxed).map(([plugin, { description }]) => ({
      name: plugin,
      description,
      origin: "box",
    }));
    const found = boxed.filter((plugin) => `${plugin.name} ${plugin.description}`.toLowerCase().includes(wanted));
    return { plugins: npm ? [...found, ...(await searchPackages(word))] : found };
  }

  private call({ name: wanted, action, words }: PluginActionInput<"call">): Promise<unknown> {
    const instance = this.admin.find(wanted);
    if (instance.run === undefined || instance.state !== "running")
      throw new SerfError("PLUGIN_FAILED", `${wanted} does not run: ${instance.state} ${instance.problem}`.trim());
    return instance.run.call("action", action, words);
  }
}
