/** HAProxy in front of the members: its file, its servers and, unless it is a service of its own, HAProxy itself. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePlugin, type PluginContext } from "../plugin.ts";
import { describeFailure } from "../shared/file-commands.ts";
import type { TemplateApi } from "../template/api.ts";
import { Balancer } from "./balancer.ts";
import { HaproxyChild } from "./child.ts";
import { defaultTemplate } from "./default-template.ts";
import { type Model, modelOf } from "./model.ts";
import { checkHaproxyOptions, type HaproxyOptions, haproxyOptions } from "./options.ts";
import { complaints, type HaproxyProcess } from "./process.ts";
import { askSocket } from "./runtime-socket.ts";
import { HaproxyService } from "./service.ts";

/** A Unix socket's path may have 107 bytes, of which HAProxy needs some while it makes one. */
const socketPathBytesMax = 90;
/** Its file may hold the password of the page of statistics. */
const ownFileMode = 0o600;

export const plugin = definePlugin({
  name: "haproxy",
  description: "Balances clients over members by HAProxy, which it runs or keeps up to date",
  buildsOn: ["template"],
  options: haproxyOptions,
  actions: {
    render: { usage: "", doc: "Prints the file as it would be written now, and writes nothing." },
    servers: { usage: "", doc: "Prints the servers as HAProxy has them, by `show servers state`." },
    template: { usage: "", doc: "Prints the built-in template, to begin one's own with." },
  },
  checkOptions: checkHaproxyOptions,
  start: async (context) => {
    const { options, members, instance } = context;
    const place = await findPlace(context);
    const template = context.use<TemplateApi>("template");
    const model = (): Model => modelOf(members.list(), options, instance);
    const render = ({ pools }: Model, shown: HaproxyOptions = options): Promise<string> => {
      const hasBase = options.baseConfig.length > 0;
      const data = { instance, pools, options: shown, hasBase, socket: place.socket };
      return template.render(
        options.template === "" ? { text: defaultTemplate, data } : { source: options.template, data },
      );
    };
    let tellEnded = (_why: string): void => undefined;
    const haproxy = createProcess(context, place, (why) => tellEnded(why));
    const balancer = new Balancer(
      {
        process: haproxy,
        config: place.config,
        fileMode: options.run === "child" ? ownFileMode : undefined,
        drainMs: options.drainMs,
        pace: options,
        model,
        render: (now) => render(now),
        check: (path) => check(path, context),
      },
      context,
    );
    tellEnded = (why) => balancer.hasEnded(why);
    await balancer.start();
    return {
      actions: {
        render: () => render(model(), { ...options, statsAuth: options.statsAuth === "" ? "" : "(set)" }),
        template: () => defaultTemplate,
        servers: () => {
          if (haproxy.socket === undefined) throw new Error("no socket is known: set the option socket");
          return askSocket(haproxy.socket, "show servers state");
        },
      },
      stop: async () => {
        await haproxy.stop();
        await place.remove();
      },
    };
  },
});

interface Place {
  readonly config: string;
  readonly folder: string;
  /** Of a child; empty for a service, whose file or base has its own. */
  readonly socket: string;
  remove(): Promise<void>;
}

/** Where the file is, and the sockets of a child. */
async function findPlace({ options, dataDirectory }: PluginContext<HaproxyOptions>): Promise<Place> {
  if (options.run === "service")
    return { config: options.config, folder: "", socket: options.socket, remove: () => Promise.resolve() };
  const kept = await dataDirectory().catch(() => undefined);
  // An agent that keeps no files still runs HAProxy, for as long as it lives.
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "serf-haproxy-")));
  const config = options.config === "" ? join(folder, "haproxy.cfg") : options.config;
  const socket = join(folder, "admin.sock");
  if (Buffer.byteLength(socket) > socketPathBytesMax || !/^[\w./-]+$/.test(socket))
    throw new Error(`HAProxy cannot have a socket at ${socket}: choose a plugin directory with a short, plain path`);
  const remove = async (): Promise<void> => {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
  return { config, folder, socket, remove };
}

function createProcess(
  context: PluginContext<HaproxyOptions>,
  { config, folder, socket }: Place,
  ended: (why: string) => void,
): HaproxyProcess {
  const { options } = context;
  if (options.run === "service") return new HaproxyService({ ...options, config }, context);
  return new HaproxyChild(
    {
      program: options.program,
      files: [...options.baseConfig, config],
      masterSocket: join(folder, "master.sock"),
      socket,
      ended,
    },
    context,
  );
}

/** `haproxy -c`, in HAProxy's own words. */
async function check(path: string, { options, processes }: PluginContext<HaproxyOptions>): Promise<string | undefined> {
  const files = [...options.baseConfig, path].flatMap((file) => ["-f", file]);
  const result = await processes.run([options.program, "-c", ...files]);
  const failure = describeFailure(result);
  if (failure === undefined) return undefined;
  const said = complaints(result.stderr.split("\n")) || failure;
  // Whoever reads this has never seen the temporary file.
  return said.replaceAll(path, options.config === "" ? "haproxy.cfg" : options.config);
}
