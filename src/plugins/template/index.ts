/** Any text file from a template over the members, kept up to date. Other plugins build on it: see api.ts. */

import { readFile } from "node:fs/promises";
import { messageOf, SerfError } from "../../base/errors.ts";
import { option, type ResolvedOptions, resolveOptions, text, texts } from "../../base/options.ts";
import { records } from "../option-types.ts";
import { definePlugin, type PluginContext } from "../plugin.ts";
import { FileKeeper, type FileReport, fileProblem, type KeptFile } from "../shared/file-keeper.ts";
import { fileOptions, paceOptions } from "../shared/file-options.ts";
import type { TemplateApi, TemplateFile, TemplateText } from "./api.ts";
import { type CompiledTemplate, compileTemplate } from "./engine.ts";
import { templateVariables } from "./variables.ts";

const templateFields = {
  source: option(
    text(4096),
    "",
    "File that holds the template: an absolute path. It is read again whenever the file is written, and on SIGHUP.",
  ),
  text: option(text(), "", "The template itself, instead of `source`."),
  destination: option(text(4096), "", "File to write: an absolute path."),
  ...fileOptions,
} as const;

const options = {
  templates: option(
    records(templateFields),
    [],
    'The templates, each with `destination` and either `source` or `text`: `templates=\'[{"source": "/etc/app.hbs", "destination": "/etc/app.conf", "reload": "systemctl reload app"}]\'`.',
  ),
  env: option(
    texts(),
    [],
    "Names of variables of the agent's environment that templates may use as `{{env.NAME}}`. No other is shown to them: some hold secrets.",
  ),
  ...paceOptions,
} as const;

type Options = ResolvedOptions<typeof options>;

export const plugin = definePlugin({
  name: "template",
  description: "Keeps text files up to date from Handlebars templates over the members",
  options,
  actions: {
    render: {
      usage: "[FILE]",
      doc: "Shows what would be written, and writes nothing: every template, that of one destination, or any file as a template.",
    },
  },
  checkOptions: ({ templates }) => {
    const problem = templates.map(templateProblem).find((found) => found !== undefined);
    if (problem !== undefined) return problem;
    const twice = templates.find(({ destination }, at) => templates.findIndex(sameAs(destination)) !== at);
    return twice && `two templates have the destination ${twice.destination}`;
  },
  start: async (context) => {
    const templates = new Templates(context);
    await Promise.all(context.options.templates.map((file) => templates.add(file, context.instance)));
    const api = {
      render: (template) => templates.render(template),
      write: (file) => templates.write(file),
      add: (file, by) => templates.add(file, by),
      remove: (destination) => templates.remove(destination),
    } satisfies Offered;
    return { api, actions: { render: ([path = ""]) => templates.preview(path) } };
  },
});

/** As seen from here, where nothing has to cross a thread. */
type Offered = {
  readonly [K in keyof TemplateApi]: (
    ...args: Parameters<TemplateApi[K]>
  ) => ReturnType<TemplateApi[K]> | Promise<Awaited<ReturnType<TemplateApi[K]>>>;
};

/** The files of this instance, and those of plugins that build on it. */
class Templates {
  private readonly context: PluginContext<Options>;
  private readonly keeper: FileKeeper;
  private readonly owners = new Map<string, string>();
  private readonly files = new Map<string, TemplateFile>();
  /** The last reading of each template, by its text. */
  private readonly compiled = new Map<string, CompiledTemplate>();

  constructor(context: PluginContext<Options>) {
    this.context = context;
    this.keeper = new FileKeeper(context, context.options);
  }

  async render({ source = "", text: given = "", data }: TemplateText): Promise<string> {
    const template = source === "" ? given : await readFile(source, "utf8");
    try {
      return this.compile(template).render(templateVariables(this.context.members, this.context.options.env, data));
    } catch (error) {
      throw new Error(`${source === "" ? "template" : source}: ${messageOf(error)}`, { cause: error });
    }
  }

  async write(file: TemplateFile): Promise<FileReport> {
    return this.keeper.write(this.toKept(checked(file)));
  }

  async add(file: TemplateFile, by: string): Promise<FileReport> {
    const given = checked(file);
    const owner = this.owners.get(given.destination);
    if (owner !== undefined && owner !== by)
      throw new SerfError("PLUGIN_IN_USE", `${given.destination} is written for ${owner} already`);
    this.owners.set(given.destination, by);
    this.files.set(given.destination, given);
    return this.keeper.add(this.toKept(given));
  }

  remove(destination: string): void {
    this.owners.delete(destination);
    this.files.delete(destination);
    this.keeper.remove(destination);
  }

  /** A dry run: of all, of one by its destination or source, or of a file that is no template of ours yet. */
  async preview(path: string): Promise<string> {
    const files = [...this.files.values()];
    const chosen = path === "" ? files : files.filter((file) => file.destination === path || file.source === path);
    if (chosen.length > 0) return this.keeper.preview(chosen.map(({ destination }) => destination));
    if (path === "") return "There are no templates; a file can be tried by: serf plugin template render FILE";
    if (!path.startsWith("/"))
      throw new SerfError("INVALID_OPTION", `${path} is no absolute path: the agent may be in another directory`);
    return this.render({ source: path });
  }

  private toKept(file: TemplateFile): KeptFile {
    return { ...file, render: () => this.render(file) };
  }

  private compile(text: string): CompiledTemplate {
    let template = this.compiled.get(text);
    if (template === undefined) {
      template = compileTemplate(text);
      if (this.compiled.size >= compiledMax) this.compiled.clear();
      this.compiled.set(text, template);
    }
    return template;
  }
}

/** Kept at a time; more are read again. */
const compiledMax = 64;

function templateProblem({ source, text: given, ...file }: ResolvedOptions<typeof templateFields>): string | undefined {
  const problem = fileProblem(file);
  if (problem !== undefined) return problem;
  if ((source === "") === (given === "")) return `${file.destination}: give either source or text`;
  if (source !== "" && !source.startsWith("/"))
    return `${file.destination}: source must be an absolute path, is ${JSON.stringify(source)}`;
  try {
    // That of a file may be mended while the agent runs, and is told of where it is used.
    compileTemplate(given);
    return undefined;
  } catch (error) {
    return `${file.destination}: ${messageOf(error)}`;
  }
}

/** Of another plugin, and so not checked yet. */
function checked({ data, ...given }: TemplateFile): TemplateFile {
  const file = resolveOptions(templateFields, given);
  const problem = templateProblem(file);
  if (problem !== undefined) throw new SerfError("PLUGIN_INVALID", problem);
  return data === undefined ? file : { ...file, data };
}

function sameAs(wanted: string): (file: { readonly destination: string }) => boolean {
  return ({ destination }) => destination === wanted;
}
