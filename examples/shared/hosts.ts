/**
 * Hosts for examples, as near to containers as this machine gets without any: each has a network of its own with one address, a host name, its own processes
 * and its own /etc/resolv.conf; the files are everybody's. They hang on a switch that reaches nothing else.
 *
 * It takes root, and `ip`, `unshare` and `setpriv` of Linux. Whatever becomes of this program, no process in a host outlives it; network namespaces that a killed one left
 * are removed by the next.
 */

import { type ChildProcess, execFile, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdir, readdir, readFile, rm, writeFile } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { promisify } from "node:util";

const namePattern = /^serf-ts-(\d+)-/;
/** Where `ip netns exec` finds what takes the place of files in /etc. */
const filesFolder = "/etc/netns";
const linesKept = 200;

export interface HostOptions {
  /** The name server of its /etc/resolv.conf. Default: none. */
  readonly nameServer?: string;
  /** Default: the next that was never used. */
  readonly address?: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** What the end of a check means that could not be run: `npm run examples` shows it as skipped. */
const skippedStatus = 77;

/**
 * For checks, before anything else: ends this program where the machine gives no right to make hosts, or has not all of these programs. With
 * SERF_TS_REQUIRE_PEERS=1 a missing program is a failure; rights that a machine does not give are none, since nobody could install them.
 */
export async function skipUnless(...programs: readonly string[]): Promise<void> {
  const missing = ["ip", "unshare", "setpriv", ...programs].filter((program) => !isInstalled(program));
  if (missing.length > 0) skip(`missing: ${missing.join(", ")}`, process.env["SERF_TS_REQUIRE_PEERS"] === "1");
  try {
    const hosts = await Hosts.create("10.78.0");
    await (await hosts.start("trial", ["true"])).ended;
    await hosts.close();
  } catch (error) {
    skip(error instanceof Error ? error.message : String(error), false);
  }
}

function skip(why: string, isFailure: boolean): never {
  console.error(why);
  process.exit(isFailure ? 1 : skippedStatus);
}

function isInstalled(program: string): boolean {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/sbin", "/sbin"];
  return folders.some((folder) => existsSync(join(folder, program)));
}

/** The hosts of one example. */
export class Hosts {
  private readonly id = `serf-ts-${process.pid}-${randomBytes(3).toString("hex")}`;
  private readonly prefix: string;
  private readonly running = new Map<string, Host>();
  private readonly namespaces = new Set<string>();
  private lastNumber = 10;

  private constructor(prefix: string) {
    this.prefix = prefix;
  }

  /** `prefix` is that of all addresses: "10.78.0". Networks of others with the same are no trouble. */
  static async create(prefix: string): Promise<Hosts> {
    if (process.getuid?.() !== 0) throw new Error("hosts of their own take root: try sudo");
    await removeStale();
    const hosts = new Hosts(prefix);
    await hosts.addNamespace(hosts.switch);
    await ip("-n", hosts.switch, "link", "add", "switch", "type", "bridge");
    await ip("-n", hosts.switch, "link", "set", "switch", "up");
    return hosts;
  }

  /** Makes a host and runs a command in it as its first process. */
  async start(name: string, command: readonly string[], options: HostOptions = {}): Promise<Host> {
    if (this.running.has(name)) throw new Error(`${name} runs already`);
    this.lastNumber += 1;
    const number = this.lastNumber;
    const address = options.address ?? `${this.prefix}.${number}`;
    const namespace = `${this.id}-${name}-${number}`;
    await this.addNamespace(namespace);
    const port = `port${number}`;
    await ip("-n", this.switch, "link", "add", port, "type", "veth", "peer", "name", "eth0", "netns", namespace);
    await ip("-n", this.switch, "link", "set", port, "master", "switch", "up");
    for (const command of [
      "link set lo up",
      `address add ${address}/24 dev eth0`,
      "link set eth0 up",
      `route add default via ${this.prefix}.1`,
    ])
      await ip("-n", namespace, ...command.split(" "));
    await mkdir(`${filesFolder}/${namespace}`, { recursive: true });
    const resolver = options.nameServer === undefined ? "" : `nameserver ${options.nameServer}\n`;
    await writeFile(`${filesFolder}/${namespace}/resolv.conf`, resolver);
    const host = new Host({ name, address, namespace, command, env: options.env ?? {} });
    this.running.set(name, host);
    void host.ended.then(() => this.running.delete(name));
    return host;
  }

  host(name: string): Host {
    const host = this.running.get(name);
    if (host === undefined) throw new Error(`there is no ${name}; there are: ${this.names.join(", ")}`);
    return host;
  }

  get names(): readonly string[] {
    return [...this.running.keys()];
  }

  /** Stops a host as `docker stop` does, and removes it. */
  async stop(name: string): Promise<void> {
    await this.host(name).stop();
  }

  /** Removes everything, at once. */
  async close(): Promise<void> {
    await Promise.all([...this.running.values()].map((host) => host.kill()));
    await Promise.all([...this.namespaces].map(removeNamespace));
  }

  private get switch(): string {
    return `${this.id}-switch`;
  }

  private async addNamespace(name: string): Promise<void> {
    this.namespaces.add(name);
    await ip("netns", "add", name);
  }
}

interface HostPlan {
  readonly name: string;
  readonly address: string;
  readonly namespace: string;
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

export class Host {
  readonly name: string;
  readonly address: string;
  /** Resolves when its processes have ended and it is removed. */
  readonly ended: Promise<void>;
  /** What its first process printed last. */
  readonly lines: string[] = [];
  onLine: (line: string) => void = () => undefined;
  private readonly namespace: string;
  private readonly child: ChildProcess;

  constructor({ name, address, namespace, command, env }: HostPlan) {
    this.name = name;
    this.address = address;
    this.namespace = namespace;
    // When this program dies, `unshare` is killed; when that dies, so is the host's first process, and with it all others.
    const shell = 'hostname "$0" && exec "$@"';
    const inside = [
      "unshare",
      "--uts",
      "--pid",
      "--fork",
      "--kill-child",
      "--mount-proc",
      "sh",
      "-c",
      shell,
      name,
      ...command,
    ];
    this.child = spawn("setpriv", ["--pdeathsig", "KILL", "ip", "netns", "exec", namespace, ...inside], {
      env: { ...process.env, ...env },
      stdio: ["ignore", "pipe", "pipe"],
      // Ctrl-C is for us: we stop the hosts in order.
      detached: true,
    });
    let rest = "";
    for (const stream of [this.child.stdout, this.child.stderr])
      stream?.setEncoding("utf8").on("data", (text: string) => {
        const lines = `${rest}${text}`.split("\n");
        rest = lines.pop() ?? "";
        for (const line of lines) this.keep(line);
      });
    this.ended = once(this.child, "exit").then(() => removeNamespace(namespace));
  }

  /** Runs a command in it, to its end, and returns what it prints. Rejects for an exit code. */
  async run(program: string, ...args: readonly string[]): Promise<string> {
    const { stdout } = await promisify(execFile)("ip", ["netns", "exec", this.namespace, program, ...args], {
      timeout: 30_000,
    });
    return stdout;
  }

  /** SIGTERM to its first process; SIGKILL to all after 20 seconds. */
  async stop(): Promise<void> {
    const first = await this.firstProcess();
    if (first === undefined) return this.kill();
    const late = setTimeout(() => this.child.kill("SIGKILL"), 20_000);
    process.kill(first, "SIGTERM");
    await this.ended.finally(() => clearTimeout(late));
  }

  /** Ends it without a word to anybody, as if its plug were pulled. */
  async kill(): Promise<void> {
    this.child.kill("SIGKILL");
    await this.ended;
  }

  /** Undefined while it is yet to start. */
  private async firstProcess(): Promise<number | undefined> {
    const { pid } = this.child;
    const children = await readFile(`/proc/${pid}/task/${pid}/children`, "utf8").catch(() => "");
    const first = Number(children.trim().split(" ")[0]);
    return first > 0 ? first : undefined;
  }

  private keep(line: string): void {
    this.lines.push(line);
    if (this.lines.length > linesKept) this.lines.shift();
    this.onLine(line);
  }
}

/** Waits until it is true, or returns without an error; rejects with that error after a while. */
export async function eventually<T>(what: string, condition: () => T | Promise<T>, deadlineMs = 60_000): Promise<T> {
  const giveUpAtMs = performance.now() + deadlineMs;
  for (;;) {
    let last: unknown = "it is not so";
    try {
      const value = await condition();
      if (value !== false) return value;
    } catch (error) {
      last = error;
    }
    if (performance.now() > giveUpAtMs) throw new Error(`waited ${deadlineMs} ms in vain for ${what}: ${String(last)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

async function ip(...args: readonly string[]): Promise<void> {
  await promisify(execFile)("ip", args);
}

async function removeNamespace(name: string): Promise<void> {
  await ip("netns", "delete", name).catch(() => undefined);
  await rm(`${filesFolder}/${name}`, { recursive: true, force: true });
}

/** What programs left that were killed. */
async function removeStale(): Promise<void> {
  const folders = await Promise.all(["/run/netns", filesFolder].map((path) => readdir(path).catch(() => [])));
  for (const name of new Set(folders.flat())) {
    const pid = namePattern.exec(name)?.[1];
    if (pid !== undefined && !isRunning(Number(pid))) await removeNamespace(name);
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
