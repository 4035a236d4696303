/** The members' names and addresses in a hosts file, in a block of it that is ours. */

import { readFile } from "node:fs/promises";
import { boolean, option, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { definePlugin, type PluginContext } from "../plugin.ts";
import { FileKeeper, fileProblem, type KeptFile } from "../shared/file-keeper.ts";
import { paceOptions } from "../shared/file-options.ts";
import { previewAction } from "../shared/file-preview.ts";
import { memberTest, statusOption, tagOption } from "../shared/member-choice.ts";
import { outsideBlock, withBlock } from "./block.ts";
import { hostLines } from "./names.ts";

const options = {
  file: option(text(4096), "/etc/hosts", "The file: an absolute path."),
  domain: option(
    text(200),
    "",
    'A domain for names of nodes: with "serf", node web-1 is web-1.serf as well as web-1. Names of members with dots count only when they end in it.',
  ),
  aliasTags: option(
    texts(),
    [],
    "Tags whose values are further names of a member, divided by commas: with `alias_tags=role` every web server is found as web. A name that several have is listed with each address.",
  ),
  anyDomain: option(
    boolean(),
    false,
    "Takes names with dots of any domain. Whoever can join the cluster can then have this machine take any name on the internet for one of theirs.",
  ),
  tag: tagOption,
  status: statusOption("alive"),
  keepOnRemoval: option(
    boolean(),
    false,
    "Leaves the block in the file when the plugin is disabled or removed. It stays in any case when the agent ends.",
  ),
  ...paceOptions,
} as const;

type Context = PluginContext<ResolvedOptions<typeof options>>;

export const plugin = definePlugin({
  name: "hosts",
  description: "Keeps the members' names and addresses in /etc/hosts, in a marked block",
  options,
  actions: { render: previewAction },
  checkOptions: ({ file, domain }) => {
    if (domain !== "" && !/^[a-z0-9-]+(\.[a-z0-9-]+)*$/.test(domain))
      return `domain must be lower-case words divided by dots, is ${JSON.stringify(domain)}`;
    return fileProblem({ destination: file });
  },
  start: async (context) => {
    const keeper = new FileKeeper(context, context.options);
    const { file, keepOnRemoval } = context.options;
    const block = new Block(context);
    const kept = { destination: file, maySitOnMount: true, confirm: () => block.confirm() } satisfies Partial<KeptFile>;
    await keeper.add({ ...kept, render: () => block.render() });
    return {
      actions: { render: () => keeper.preview() },
      stop: async (ending) => {
        if (ending === "stopped" || keepOnRemoval) return;
        const report = await keeper.write({ ...kept, render: () => block.renderWithout() });
        if (report.kind === "failed") throw new Error(`the block stays in the file: ${report.problem}`);
      },
    };
  },
});

class Block {
  private readonly context: Context;
  private readonly counts: ReturnType<typeof memberTest>;
  private complained = new Set<string>();
  private lastRead = "";

  constructor(context: Context) {
    this.context = context;
    this.counts = memberTest(context.options);
  }

  async render(): Promise<Uint8Array> {
    const { instance, members, options } = this.context;
    this.lastRead = await this.read();
    const file = this.lastRead;
    const chosen = members.list().filter(this.counts);
    const { lines, refused } = hostLines(chosen, options, outsideBlock(file, instance));
    this.complain(refused);
    return Buffer.from(withBlock(file, instance, lines), "latin1");
  }

  async renderWithout(): Promise<Uint8Array> {
    this.lastRead = await this.read();
    return Buffer.from(outsideBlock(this.lastRead, this.context.instance), "latin1");
  }

  /** The file has other writers: what they wrote since it was read must not be lost. */
  async confirm(): Promise<string | undefined> {
    return (await this.read()) === this.lastRead ? undefined : "somebody else has just changed the file";
  }

  private async read(): Promise<string> {
    try {
      return await readFile(this.context.options.file, "latin1");
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "ENOENT") return "";
      throw error;
    }
  }

  /** Once for each name, as long as it is there. */
  private complain(refused: readonly string[]): void {
    for (const name of refused) if (!this.complained.has(name)) this.context.logger.warn(`left out: ${name}`);
    this.complained = new Set(refused);
  }
}
