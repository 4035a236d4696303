/** nginx in front of the members: its upstreams and, unless it is a service of its own, nginx itself. */

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { definePlugin, type PluginContext } from "../plugin.ts";
import type { TemplateApi } from "../template/api.ts";
import { defaultTemplate } from "./default-template.ts";
import { NginxKeeper } from "./keeper.ts";
import { type Model, modelOf } from "./model.ts";
import { checkNginxOptions, type NginxOptions, nginxOptions } from "./options.ts";

export const plugin = definePlugin({
  name: "nginx",
  description: "Balances clients over members by nginx, which it runs or keeps up to date",
  buildsOn: ["template"],
  options: nginxOptions,
  actions: {
    render: { usage: "", doc: "Prints the file as it would be written now, and writes nothing." },
    template: { usage: "", doc: "Prints the built-in template, to begin one's own with." },
  },
  checkOptions: checkNginxOptions,
  start: async (context) => {
    const { options, members, instance } = context;
    const place = await findPlace(context);
    const template = context.use<TemplateApi>("template");
    const model = (): Model => modelOf(members.list(), options, instance);
    const templateFor = ({ pools }: Model) => ({
      ...(options.template === "" ? { text: defaultTemplate } : { source: options.template }),
      data: { instance, pools, options, folder: place.folder },
    });
    const keeper = new NginxKeeper({ ...place, template, model, templateFor }, context);
    await keeper.start();
    return {
      actions: { render: () => template.render(templateFor(model())), template: () => defaultTemplate },
      stop: async () => {
        await keeper.stop();
        await place.remove();
      },
    };
  },
});

/** Where the file is, and what else a child writes; `folder` is empty for a service. */
async function findPlace({ options, dataDirectory }: PluginContext<NginxOptions>) {
  if (options.run === "service") return { config: options.config, folder: "", remove: () => Promise.resolve() };
  const kept = await dataDirectory().catch(() => undefined);
  const folder = kept ?? (await mkdtemp(join(tmpdir(), "serf-nginx-")));
  if (!/^[\w./-]+$/.test(folder))
    throw new Error(`nginx needs a plugin directory with a plain path, and not ${folder}`);
  const remove = async (): Promise<void> => {
    if (kept === undefined) await rm(folder, { recursive: true, force: true });
  };
  return { config: options.config === "" ? join(folder, "nginx.conf") : options.config, folder, remove };
}
