/** One host of the cluster and the agent on it, which may be killed, stopped and started anew. */

import { join } from "node:path";
import { connectSerf, type SerfClient } from "../../src/client/client.ts";
import { withMounts } from "../support/mounts.ts";
import type { NetworkHost } from "../support/netns.ts";
import { requirePeer } from "../support/peers.ts";
import { type Exit, RunningProcess } from "../support/processes.ts";
import { type Kind, startCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";
import type { Ledger } from "./ledger.ts";

const startDeadlineMs = 60_000;
const gossipPort = 7946;
const rpcPort = 7373;

export interface MachineOptions {
  readonly kind: Kind;
  readonly name: string;
  readonly host: NetworkHost;
  /** Where its snapshot is, and the socket by which it is reached from outside its namespace. */
  readonly folder: string;
  readonly ledger: Ledger;
  /** Makes `folder` a disk of this size, for the agent alone, empty at each start. */
  readonly disk?: { readonly kib: number };
  readonly env?: Readonly<Record<string, string>>;
}

export class Machine {
  readonly kind: Kind;
  readonly name: string;
  host: NetworkHost;
  readonly folder: string;
  state: "running" | "stopped" | "dead" = "dead";
  client: SerfClient | undefined;
  private readonly options: MachineOptions;
  private agent: RunningProcess | undefined;
  private bridge: RunningProcess | undefined;

  constructor(options: MachineOptions) {
    this.options = options;
    this.kind = options.kind;
    this.name = options.name;
    this.host = options.host;
    this.folder = options.folder;
  }

  get address(): string {
    return `${this.host.address}:${gossipPort}`;
  }

  get pid(): number {
    return this.agent?.pid ?? -1;
  }

  get log(): string {
    return this.agent?.output ?? "";
  }

  /** Set once the agent has ended without being told to. */
  get unexpectedExit(): Exit | undefined {
    return this.state === "dead" ? undefined : this.agent?.exit;
  }

  describe(): string {
    return this.agent?.describe() ?? `--- ${this.name} was never started`;
  }

  /** Starts the agent and resolves when it can be asked. With its snapshot it finds the others by itself. */
  async start(join: readonly Machine[] = []): Promise<void> {
    const { kind, name, host, options } = this;
    options.ledger.beginLife(name, kind);
    const args = [
      "agent",
      `-node=${name}`,
      `-bind=${this.address}`,
      `-rpc-addr=127.0.0.1:${rpcPort}`,
      "-profile=lan",
      "-log-level=info",
      `-snapshot=${this.folder}/${name}.snapshot`,
      // What it missed while it was down is told, as Debian's agent does without being asked.
      "-replay",
      ...join.map(({ address }) => `-retry-join=${address}`),
    ];
    const mount = `mount -t tmpfs -o size=${options.disk?.kib}k none ${this.folder}`;
    const disk = options.disk === undefined ? [] : withMounts(mount);
    const agent = startCommand(kind, args, options.env, [...host.exec, ...disk]);
    agent.onStdout((text) => options.ledger.read(name, text));
    this.agent = agent;
    this.state = "running";
    await this.connect();
  }

  /** Ends the agent's process, without a word; what it has handed to the system stays. */
  async kill(): Promise<void> {
    this.state = "dead";
    this.client?.close();
    this.client = undefined;
    await this.agent?.kill();
  }

  /** Stops the agent's process, as an overloaded machine does, until `resume`. */
  stop(): void {
    this.state = "stopped";
    this.agent?.signal("SIGSTOP");
  }

  resume(): void {
    if (this.state !== "stopped") return;
    this.state = "running";
    this.agent?.signal("SIGCONT");
  }

  /** Its next life is at another host. */
  async moveTo(host: NetworkHost): Promise<void> {
    await this.bridge?.kill();
    this.bridge = undefined;
    this.host = host;
  }

  /** Ends everything. */
  async close(): Promise<void> {
    await Promise.all([this.kill(), this.bridge?.kill()]);
  }

  /** The status and address by which it knows every member. */
  async view(): Promise<ReadonlyMap<string, string>> {
    const members = (await this.client?.members()) ?? [];
    return new Map(members.map(({ name, status, address }) => [name, `${status} ${address}`]));
  }

  private async connect(): Promise<void> {
    const socket = join(this.folder, `${this.name}-${this.host.address}.sock`);
    this.bridge ??= bridgeRpc(this.host, socket);
    await waitFor(
      async () => {
        if (this.agent?.exit !== undefined) return true;
        this.client = await connectSerf({ address: `unix://${socket}`, timeoutMs: 2_000 });
        return true;
      },
      { what: `${this.name} to take RPC`, deadlineMs: startDeadlineMs, intervalMs: 20, witnesses: [this] },
    );
    if (this.client === undefined) throw new Error(`${this.name} did not start\n${this.describe()}`);
  }
}

/** Files are seen from every network namespace: the agent's RPC server as one of them. */
function bridgeRpc(host: NetworkHost, socket: string): RunningProcess {
  const [program = "", ...args] = host.exec;
  const socat = [requirePeer("socat") ?? "socat", `UNIX-LISTEN:${socket},fork`, `TCP:127.0.0.1:${rpcPort}`];
  return new RunningProcess(program, [...args, ...socat], { title: `socat at ${host.address}` });
}
