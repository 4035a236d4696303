/** One running `serf agent`, of either kind, seen from outside: its command line, its output, and what it says over RPC. */

import { loopback } from "./loopback.ts";
import type { NetworkHost } from "./netns.ts";
import { requirePeer } from "./peers.ts";
import type { Exit, RunningProcess } from "./processes.ts";
import { type CommandResult, type Kind, serfCommand, startCommand } from "./serf-command.ts";
import { type Witness, waitFor } from "./wait-for.ts";

export interface AgentPlace {
  readonly bindPort: number;
  readonly rpcPort: number;
}

export interface AgentOptions {
  readonly kind: Kind;
  readonly name: string;
  /** Further arguments, after those that every agent gets. */
  readonly args?: readonly string[];
  /** The encryption key in base64. */
  readonly key?: string | undefined;
  /** Agents to join, with `-join`. */
  readonly join?: readonly Agent[];
  readonly profile?: "local" | "lan" | "wan";
  /** The ports of an agent that ran before; new ones when left out. */
  readonly place?: AgentPlace;
  /** Runs it there instead of on loopback. */
  readonly host?: Pick<NetworkHost, "exec" | "address">;
  /** How it is told where to listen, such as `-iface=eth0` or nothing at all; `-bind` with its address when left out. */
  readonly listen?: readonly string[];
  /** Variables besides those of this process. */
  readonly env?: Readonly<Record<string, string>>;
}

export interface MemberView {
  readonly name: string;
  readonly addr: string;
  readonly port: number;
  readonly tags: Readonly<Record<string, string>>;
  readonly status: string;
  readonly protocol: Readonly<Record<string, number>>;
}

const startDeadlineMs = 30_000;

export class Agent implements Witness {
  readonly kind: Kind;
  readonly name: string;
  readonly place: AgentPlace;
  readonly process: RunningProcess;
  private readonly host: Pick<NetworkHost, "exec" | "address"> | undefined;

  constructor(options: AgentOptions, place: AgentPlace) {
    this.kind = options.kind;
    this.name = options.name;
    this.place = place;
    this.host = options.host;
    const args = [
      "agent",
      `-node=${options.name}`,
      ...(options.listen ?? [`-bind=${this.address}`]),
      `-rpc-addr=${loopback}:${place.rpcPort}`,
      `-profile=${options.profile ?? "local"}`,
      "-log-level=debug",
    ];
    if (options.key !== undefined) args.push(`-encrypt=${options.key}`);
    for (const agent of options.join ?? []) args.push(`-join=${agent.address}`);
    this.process = startCommand(options.kind, [...args, ...(options.args ?? [])], options.env, this.host?.exec);
  }

  get address(): string {
    return `${this.host?.address ?? loopback}:${this.place.bindPort}`;
  }

  get rpcAddress(): string {
    return `${loopback}:${this.place.rpcPort}`;
  }

  get log(): string {
    return this.process.output;
  }

  /** Waits until it runs, with its `-join` done, or until it has ended: true if it runs. */
  async isRunning(): Promise<boolean> {
    await waitFor(() => this.process.exit !== undefined || this.log.includes("Log data will now stream in"), {
      what: `${this.name} to start`,
      deadlineMs: startDeadlineMs,
      intervalMs: 20,
      witnesses: [this],
    });
    return this.process.exit === undefined;
  }

  /** Runs a command against this agent, by Debian's command line unless said otherwise: it starts some thirty times faster than Node. */
  command(
    args: readonly string[],
    kind: Kind = requirePeer("serf") === undefined ? "ours" : "debian",
  ): Promise<CommandResult> {
    const [name = "", ...rest] = args;
    return serfCommand(kind, [name, `-rpc-addr=${this.rpcAddress}`, ...rest], {}, this.host?.exec);
  }

  async members(): Promise<readonly MemberView[]> {
    const { code, stdout, stderr } = await this.command(["members", "-format=json"]);
    if (code !== 0) throw new Error(`serf members on ${this.name}: ${code} ${stdout}${stderr}`);
    return (JSON.parse(stdout) as { members: MemberView[] | null }).members ?? [];
  }

  /** "alive", "leaving", "left", "failed", or undefined for a member it does not list. */
  async statusOf(name: string): Promise<string | undefined> {
    return (await this.members()).find((member) => member.name === name)?.status;
  }

  /** Its members as one line to compare: `a=alive b=failed`, by name. */
  async view(): Promise<string> {
    return (await this.members())
      .map(({ name, status }) => `${name}=${status}`)
      .sort()
      .join(" ");
  }

  /** Asks it to leave gracefully, as Ctrl-C does, and waits for its end. */
  async leave(): Promise<Exit> {
    this.process.signal("SIGINT");
    return this.process.exited;
  }

  /** Ends it without a word to anybody. */
  kill(): Promise<void> {
    return this.process.kill();
  }

  describe(): string {
    return this.process.describe();
  }
}

/** Waits until each of these agents sees just these statuses: `{ a: "alive", b: "failed" }`. */
export async function waitForView(
  agents: readonly Agent[],
  statuses: Readonly<Record<string, string>>,
  deadlineMs = 30_000,
): Promise<void> {
  const wanted = Object.entries(statuses)
    .map(([name, status]) => `${name}=${status}`)
    .sort()
    .join(" ");
  await waitFor(
    async () => {
      for (const agent of agents) {
        const view = await agent.view();
        if (view !== wanted) throw new Error(`${agent.name} sees ${view}`);
      }
    },
    { what: `all of ${agents.map(({ name }) => name).join(" ")} to see ${wanted}`, deadlineMs, witnesses: agents },
  );
}
