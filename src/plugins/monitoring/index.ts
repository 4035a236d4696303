/** Targets for Prometheus and hosts for Nagios, from the members. */

import { integer, option, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { records } from "../option-types.ts";
import { definePlugin, type PluginContext, type PluginMember } from "../plugin.ts";
import { FileKeeper, fileProblem } from "../shared/file-keeper.ts";
import { fileOptions, paceOptions } from "../shared/file-options.ts";
import { previewAction } from "../shared/file-preview.ts";
import { memberTest, statusOption, tagOption } from "../shared/member-choice.ts";
import { nagiosFile } from "./nagios.ts";
import { labelName, prometheusFile } from "./prometheus.ts";

const serviceFields = {
  description: option(text(200), "", 'Name of the service: "HTTP".'),
  checkCommand: option(text(2000), "", 'Command of Nagios with its arguments: "check_http!-p 8080".'),
  tag: tagOption,
  use: option(text(200), "generic-service", "Template of Nagios for the service."),
} as const;

const options = {
  prometheusFile: option(
    text(4096),
    "",
    "File of targets for Prometheus, named in `file_sd_configs` there: an absolute path that ends in .json. Prometheus sees changes by itself.",
  ),
  nagiosFile: option(
    text(4096),
    "",
    "File of hosts for Nagios, in a `cfg_dir` or as a `cfg_file` of its configuration: an absolute path.",
  ),
  port: option(integer(1, 65_535), 9100, "Port at which members show their metrics to Prometheus."),
  portTag: option(
    text(128),
    "",
    'Tag that holds a member\'s own port, or several divided by commas: "9100,9187". One that holds anything else leaves the member out.',
  ),
  groupTag: option(text(128), "role", "Tag by which members are sorted, and grouped in Nagios."),
  labelTags: option(
    texts(),
    ["role"],
    "Tags that become labels of all metrics in Prometheus, and variables of hosts in Nagios (`$_HOSTSERF_ROLE$`).",
  ),
  tag: tagOption,
  status: statusOption("alive,leaving,failed"),
  nagiosUse: option(text(200), "generic-host", "Template of Nagios for hosts."),
  nagiosGroupPrefix: option(
    text(100),
    "serf-",
    "What names of host groups begin with, so that they are not those of others.",
  ),
  nagiosServices: option(
    records(serviceFields),
    [],
    'Services of the hosts in Nagios: `nagios_services=\'[{"description": "HTTP", "check_command": "check_http", "tag": "role=web"}]\'`.',
  ),
  nagiosCheck: { ...fileOptions.check, doc: `For the file of Nagios. ${fileOptions.check.doc}` },
  nagiosReload: {
    ...fileOptions.reload,
    doc: 'For the file of Nagios: "systemctl reload nagios4". One that fails is run again ten seconds later.',
  },
  owner: fileOptions.owner,
  mode: fileOptions.mode,
  ...paceOptions,
} as const;

type Options = ResolvedOptions<typeof options>;

export const plugin = definePlugin({
  name: "monitoring",
  description: "Gives Prometheus its targets and Nagios its hosts, from the members",
  options,
  actions: { render: previewAction },
  checkOptions,
  start: async (context) => {
    const keeper = new FileKeeper(context, context.options);
    const listing = new Listing(context);
    const { options } = context;
    const { owner, mode } = options;
    if (options.prometheusFile !== "")
      await keeper.add({ destination: options.prometheusFile, owner, mode, render: () => listing.forPrometheus() });
    if (options.nagiosFile !== "") {
      const [check, reload] = [options.nagiosCheck, options.nagiosReload];
      const render = (): string => listing.forNagios();
      await keeper.add({ destination: options.nagiosFile, owner, mode, check, reload, render });
    }
    return { actions: { render: () => keeper.preview() } };
  },
});

class Listing {
  private readonly context: PluginContext<Options>;
  private readonly counts: ReturnType<typeof memberTest>;
  private readonly complained = new Map<string, readonly string[]>();

  constructor(context: PluginContext<Options>) {
    this.context = context;
    this.counts = memberTest(context.options);
  }

  forPrometheus(): string {
    const { content, refused } = prometheusFile(this.members(), this.context.options);
    this.complain("prometheus", refused);
    return content;
  }

  forNagios(): string {
    const { groupTag, labelTags, nagiosUse, nagiosGroupPrefix, nagiosServices } = this.context.options;
    const rules = {
      groupTag,
      labelTags,
      hostUse: nagiosUse,
      groupPrefix: nagiosGroupPrefix,
      services: nagiosServices,
    };
    const { content, refused } = nagiosFile(this.members(), rules);
    this.complain("nagios", refused);
    return content;
  }

  private members(): readonly PluginMember[] {
    return this.context.members.list().filter(this.counts);
  }

  /** Once for each member, as long as it is so. */
  private complain(file: string, refused: readonly string[]): void {
    const before = this.complained.get(file) ?? [];
    for (const problem of refused) if (!before.includes(problem)) this.context.logger.warn(`left out: ${problem}`);
    this.complained.set(file, refused);
  }
}

function checkOptions(given: Options): string | undefined {
  const files = [given.prometheusFile, given.nagiosFile].filter((path) => path !== "");
  if (files.length === 0) return "set prometheus_file, nagios_file or both: there is nothing to write otherwise";
  if (files[0] === files[1]) return "prometheus_file and nagios_file are the same file";
  const problem = files.map((destination) => fileProblem({ destination })).find((found) => found !== undefined);
  if (problem !== undefined) return problem;
  if (given.prometheusFile !== "" && !given.prometheusFile.endsWith(".json"))
    return `prometheus_file must end in .json, or Prometheus does not read it: ${given.prometheusFile}`;
  const reserved = given.labelTags.find((tag) => labelName(tag).startsWith("__"));
  if (reserved !== undefined)
    return `label_tags: labels that begin with "__", such as ${reserved}, are those of Prometheus`;
  return nagiosProblem(given);
}

/** Whatever the operator gives stands in a line of its own. */
function nagiosProblem({ nagiosServices, nagiosUse, nagiosGroupPrefix }: Options): string | undefined {
  for (const { description, checkCommand, use } of nagiosServices) {
    if (description === "" || checkCommand === "")
      return "each entry of nagios_services needs description and check_command";
    if (/[`~!$%^&*|'"<>?,()=;\p{Cc}]/u.test(description))
      return `nagios_services: Nagios does not allow the description ${JSON.stringify(description)}`;
    if (/[^\w.,-]/.test(use)) return `nagios_services: use is no name of a template: ${JSON.stringify(use)}`;
    if (/\p{Cc}/u.test(checkCommand)) return `nagios_services: ${description} has a control character`;
  }
  if (/[^\w.,-]/.test(nagiosUse)) return `nagios_use is no name of a template: ${JSON.stringify(nagiosUse)}`;
  if (/[^\w.:-]/.test(nagiosGroupPrefix))
    return `nagios_group_prefix may have letters, digits and . _ : -, and is ${JSON.stringify(nagiosGroupPrefix)}`;
  return undefined;
}
