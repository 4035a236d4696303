/** The nodes of this example, started, stopped and killed by name; `web3` is a web node, `api1` one of the other pool. */

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { eventually, type Host, Hosts } from "../shared/hosts.ts";

const prefix = "10.79.0";
/** All that a node is told of the others. */
export const lbAddress = `${prefix}.2`;
const boot = fileURLToPath(new URL("boot.sh", import.meta.url));
const template = fileURLToPath(new URL("haproxy.hbs", import.meta.url));
const serf = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
const loadProgram = fileURLToPath(new URL("load.mjs", import.meta.url));

export const pools = { web: { port: 80, stats: 8404 }, api: { port: 81, stats: 8405 } } as const;
export type Pool = keyof typeof pools;

/** What a client has got so far. */
export interface LoadReport {
  readonly requests: number;
  readonly failures: number;
  /** By node. */
  readonly answers: Readonly<Record<string, number>>;
  /** By what went wrong. */
  readonly reasons: Readonly<Record<string, number>>;
}

export class Cluster {
  readonly hosts: Hosts;
  private readonly logs: string;
  private readonly folder = mkdtempSync(join(tmpdir(), "serf-web-"));
  private readonly states = new Map<string, string>();
  private readonly client: Host;
  private started = 0;

  private constructor(hosts: Hosts, client: Host, logs: string) {
    this.hosts = hosts;
    this.client = client;
    this.logs = logs;
  }

  static async create(logs: string): Promise<Cluster> {
    const hosts = await Hosts.create(prefix);
    return new Cluster(hosts, await hosts.start("client", ["sleep", "infinity"]), logs);
  }

  /** A node gets an address of its own each time; only the load balancer's is always the same. */
  async start(name: string): Promise<Host> {
    const role = /^(lb|web|api)\d*$/.exec(name)?.[1];
    if (role === undefined) throw new Error("names are lb, webN and apiN");
    this.started += 1;
    const state = join(this.folder, `${this.started}`);
    this.states.set(name, state);
    const env = { STATE: state, LOGS: this.logs, LB: lbAddress };
    return this.hosts.start(name, [boot, role], { env, ...(role === "lb" && { address: lbAddress }) });
  }

  /** One HAProxy for each pool, both by the same plugin. The web pool has a template of its own. */
  async installPlugins(): Promise<void> {
    for (const pool of Object.keys(pools) as Pool[]) {
      const { port, stats } = pools[pool];
      const options = [`bind=*:${port}`, `tag=role=${pool}`, `stats=*:${stats}`, "check_interval=500ms"];
      const own = pool === "web" ? [`template=${template}`, "server_options=fall 2 rise 1"] : [];
      await eventually("the agent of the load balancer", () =>
        this.hosts.host("lb").run(serf, "plugin", "install", "haproxy", "-as", pool, ...options, ...own),
      );
    }
  }

  serf(...args: string[]): Promise<string> {
    return this.hosts.host("lb").run(serf, ...args);
  }

  /** Kills a program of a node; s6 starts it again. */
  async killProgram(name: string, program: "serf" | "service"): Promise<void> {
    await this.command("s6-svc", "-k", join(this.states.get(name) ?? "", "s6", program));
  }

  /** Runs a command on a host that is no node. */
  command(program: string, ...args: string[]): Promise<string> {
    return this.client.run(program, ...args);
  }

  curl(...args: string[]): Promise<string> {
    return this.command("curl", "-sS", "--max-time", "5", ...args);
  }

  /** The page of statistics of a pool, as CSV. */
  statistics(pool: Pool): Promise<string> {
    return this.curl(`http://${lbAddress}:${pools[pool].stats}/;csv`);
  }

  /** The servers on that page, each with its state: "web1 UP". */
  async servers(pool: Pool): Promise<string[]> {
    const rows = (await this.statistics(pool)).split("\n").map((line) => line.split(","));
    const status = rows[0]?.indexOf("status") ?? -1;
    return rows
      .filter(([proxy, server]) => proxy === pool && server !== "FRONTEND" && server !== "BACKEND")
      .map((row) => `${row[1]} ${row[status]?.split(" ")[0]}`)
      .sort();
  }

  /** A client of a pool, on a host of its own. Returns what tells how it goes. */
  async load(pool: Pool): Promise<() => LoadReport> {
    const url = `http://${lbAddress}:${pools[pool].port}/`;
    const host = await this.hosts.start(`load-${pool}`, ["node", loadProgram, url]);
    await eventually("the first requests", () => host.lines.length > 0);
    return () => JSON.parse(host.lines.at(-1) ?? "{}") as LoadReport;
  }

  async close(): Promise<void> {
    await this.hosts.close();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
