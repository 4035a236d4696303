import { boolean, choice, durationMs, integer, option, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { records, secret } from "../option-types.ts";
import { paceOptions } from "../shared/file-options.ts";
import { line, poolOptions } from "../shared/pools.ts";

const poolFields = {
  ...poolOptions,
  mode: option(choice("http", "tcp"), "http", "What HAProxy understands of the connections."),
  balance: option(
    choice("roundrobin", "leastconn", "random", "first", "source"),
    "roundrobin",
    "How a server is chosen for a connection.",
  ),
  check: option(boolean(), true, "HAProxy itself looks whether each server answers, and leaves out those that do not."),
  checkPath: option(
    line(),
    "",
    'What the check asks for by HTTP: "/health". Default: a connection that is accepted is enough.',
  ),
  checkIntervalMs: option(durationMs(100, 3_600_000), 2_000, "Time between two checks of a server."),
  serverOptions: option(line(), "", 'Further settings of each server in HAProxy\'s words: "ssl verify none".'),
} as const;

export type HaproxyPool = ResolvedOptions<typeof poolFields>;

export const haproxyOptions = {
  ...poolFields,
  pools: option(
    records(poolFields, 64),
    [],
    "Several pools in one HAProxy, each with the options above. They then take the place of those.",
  ),
  stats: option(line(), "", 'Where the page of statistics is served: "127.0.0.1:8404". Default: nowhere.'),
  statsPath: option(line(), "/", "Path of that page."),
  statsAuth: option(secret(line()), "", '"USER:PASSWORD" without which the page is not shown.'),
  connectionsMax: option(
    integer(0, 10_000_000),
    0,
    "Connections that HAProxy takes at all. 0: what the system allows.",
  ),
  timeoutConnectMs: option(durationMs(1, 3_600_000), 5_000, "How long a server may take to accept a connection."),
  timeoutClientMs: option(durationMs(1, 86_400_000), 30_000, "How long a client may be silent."),
  timeoutServerMs: option(durationMs(1, 86_400_000), 30_000, "How long a server may be silent."),
  user: option(line(), "", "User that HAProxy becomes when it has opened its ports. Default: that of the agent."),
  group: option(line(), "", "Group likewise."),
  template: option(
    text(4096),
    "",
    "Handlebars template to render instead of the built-in one, which `serf plugin haproxy template` prints. Read again at each change.",
  ),
  drainMs: option(
    durationMs(0, 3_600_000),
    10_000,
    "How long the connections of a member that leaves may last. It gets no new ones from the moment it says that it leaves.",
  ),
  hardStopMs: option(
    durationMs(1_000, 86_400_000),
    300_000,
    "How long the connections of a worker that was reloaded may last.",
  ),
  run: option(
    choice("child", "service"),
    "child",
    "Whether the plugin runs HAProxy, for as long as it runs itself, or keeps the file of one that runs already.",
  ),
  program: option(text(4096), "haproxy", "HAProxy, as a path or to be found by PATH; the check needs it, too."),
  config: option(
    text(4096),
    "",
    "The file that is kept. Default: haproxy.cfg in the data directory of the instance; needed with `run=service`.",
  ),
  baseConfig: option(
    texts(undefined),
    [],
    "Files that HAProxy reads before `config`. With any, the built-in template leaves `global`, `defaults` and the page of statistics to them.",
  ),
  reload: option(
    text(),
    "",
    'How the service reads its files anew, as a line for the shell: "systemctl reload haproxy". For `run=service`.',
  ),
  pidFile: option(
    text(4096),
    "",
    "Instead of `reload`: file with the number of the master process, which gets SIGUSR2.",
  ),
  masterSocket: option(text(4096), "", "Instead of `reload`: the socket of the master process (`haproxy -W -S`)."),
  socket: option(
    text(4096),
    "",
    "Socket of the service with level admin (`stats socket`). With it, servers come and go without a reload.",
  ),
  ...paceOptions,
} as const;

export type HaproxyOptions = ResolvedOptions<typeof haproxyOptions>;

/** The pools, each with its name. */
export function poolsOf(options: HaproxyOptions, instance: string): readonly HaproxyPool[] {
  if (options.pools.length === 0) return [{ ...options, name: options.name === "" ? instance : options.name }];
  return options.pools;
}

/** What is wrong with options together. */
export function checkHaproxyOptions(options: HaproxyOptions): string | undefined {
  const relative = [options.config, options.template, ...options.baseConfig].find((path) => /^[^/]/.test(path));
  if (relative !== undefined) return `files need absolute paths, and not ${JSON.stringify(relative)}`;
  return checkPools(options) ?? (options.run === "child" ? checkChild(options) : checkService(options));
}

function checkPools(options: HaproxyOptions): string | undefined {
  const { pools, bind, tag, name } = options;
  if (pools.length > 0 && (bind.length > 0 || tag !== "" || name !== ""))
    return "with pools, bind, tag and name stand in each of them, and not beside";
  const names = pools.map((pool) => pool.name);
  const repeated = names.find((entry, index) => entry === "" || names.indexOf(entry) < index);
  if (repeated === "") return "each of the pools needs a name";
  if (repeated !== undefined) return `two pools are named ${repeated}`;
  if (options.template !== "" || options.baseConfig.length > 0) return undefined;
  const closed = poolsOf(options, "the pool").find((pool) => pool.bind.length === 0);
  return closed === undefined ? undefined : `${closed.name} needs bind, where clients come in: "*:80"`;
}

function checkChild({ reload, pidFile, masterSocket, socket }: HaproxyOptions): string | undefined {
  if ([reload, pidFile, masterSocket, socket].every((value) => value === "")) return undefined;
  return "reload, pid_file, master_socket and socket are for run=service: a child has its own";
}

function checkService({ config, reload, pidFile, masterSocket }: HaproxyOptions): string | undefined {
  if (config === "") return "run=service needs config, the file that HAProxy reads";
  const given = [reload, pidFile, masterSocket].filter((value) => value !== "").length;
  if (given === 1) return undefined;
  return "run=service needs one of reload, pid_file and master_socket, to have HAProxy read its file anew";
}
