import { choice, durationMs, integer, option, type ResolvedOptions, text } from "../../base/options.ts";
import { records } from "../option-types.ts";
import { paceOptions } from "../shared/file-options.ts";
import { line, poolOptions } from "../shared/pools.ts";

const poolFields = {
  ...poolOptions,
  balance: option(
    choice("roundrobin", "leastconn", "random", "source"),
    "roundrobin",
    "How a server is chosen for a request.",
  ),
  failuresMax: option(
    integer(0, 1_000),
    1,
    "Requests that may fail at a server before it gets none for a while. 0: none counts.",
  ),
  failPauseMs: option(durationMs(1_000, 86_400_000), 10_000, "How long that while is."),
  serverOptions: option(line(), "", 'Further settings of each server in nginx\'s words: "slow_start=30s".'),
} as const;

export type NginxPool = ResolvedOptions<typeof poolFields>;

export const nginxOptions = {
  ...poolFields,
  pools: option(
    records(poolFields, 64),
    [],
    "Several pools in one nginx, each with the options above. They then take the place of those.",
  ),
  timeoutConnectMs: option(durationMs(1, 3_600_000), 5_000, "How long a server may take to accept a connection."),
  timeoutServerMs: option(durationMs(1, 86_400_000), 30_000, "How long a server may be silent."),
  user: option(
    line(),
    "",
    "User that the workers of a child become where the agent is root. Default: nginx's own, nobody.",
  ),
  template: option(
    text(4096),
    "",
    "Handlebars template to render instead of the built-in one, which `serf plugin nginx template` prints. Read again at each change.",
  ),
  run: option(
    choice("child", "service"),
    "child",
    "Whether the plugin runs nginx, for as long as it runs itself, or keeps a file of one that runs already.",
  ),
  program: option(text(4096), "nginx", "nginx, as a path or to be found by PATH; the check needs it, too."),
  config: option(
    text(4096),
    "",
    "The file that is kept. Default: nginx.conf in the data directory of the instance; with `run=service` needed, and one that the service includes within `http`: /etc/nginx/conf.d/serf.conf.",
  ),
  check: option(
    text(),
    "",
    'For `run=service`: command that checks the new file, `"$FILE"`, as a line for the shell. Default: `nginx -t` on a configuration that includes nothing else.',
  ),
  reload: option(
    text(),
    "nginx -t -q && nginx -s reload",
    "For `run=service`: how the service reads its files anew, as a line for the shell.",
  ),
  ...paceOptions,
} as const;

export type NginxOptions = ResolvedOptions<typeof nginxOptions>;

/** The pools, each with its name. */
export function poolsOf(options: NginxOptions, instance: string): readonly NginxPool[] {
  if (options.pools.length === 0) return [{ ...options, name: options.name === "" ? instance : options.name }];
  return options.pools;
}

/** What is wrong with options together. */
export function checkNginxOptions(options: NginxOptions): string | undefined {
  const { pools, bind, tag, name, config, template, run } = options;
  const relative = [config, template].find((path) => /^[^/]/.test(path));
  if (relative !== undefined) return `files need absolute paths, and not ${JSON.stringify(relative)}`;
  if (pools.length > 0 && (bind.length > 0 || tag !== "" || name !== ""))
    return "with pools, bind, tag and name stand in each of them, and not beside";
  const names = pools.map((pool) => pool.name);
  const repeated = names.find((entry, index) => entry === "" || names.indexOf(entry) < index);
  if (repeated === "") return "each of the pools needs a name";
  if (repeated !== undefined) return `two pools are named ${repeated}`;
  if (run === "service") return config === "" ? "run=service needs config, a file that nginx includes" : undefined;
  if (options.check !== "") return "check is for run=service: a child's file is checked as a whole";
  const closed = template === "" && poolsOf(options, "the pool").find((pool) => pool.bind.length === 0);
  return closed ? `${closed.name} needs bind, where clients come in: "*:80"` : undefined;
}
