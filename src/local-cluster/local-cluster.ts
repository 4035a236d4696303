import { resolveNetwork } from "../agent/addresses.ts";
import type { Agent, AgentLogs } from "../agent/agent.ts";
import { AgentLog } from "../agent/agent-log.ts";
import type { AgentCompany } from "../agent/company.ts";
import { type AgentConfig, loadConfig } from "../agent/config.ts";
import { LogBuffer } from "../agent/log-buffer.ts";
import { startAgent } from "../agent/start-agent.ts";
import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { utf8Encode } from "../base/bytes.ts";
import { SerfError } from "../base/errors.ts";
import { isAtLeast } from "../base/log-level.ts";
import { silentMetrics } from "../host/loggers.ts";
import { Directory } from "../memberlist/directory.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { MemberlistProfile } from "../memberlist/options.ts";
import type { Tags } from "../serf/member.ts";
import { type Census, CensusTaker, type CountedNode } from "./census.ts";
import { CutTransport, Partition } from "./partition.ts";

export interface LocalClusterOptions {
  readonly nodes: number;
  /** How many of them, the first ones, listen for RPC. */
  readonly rpcNodes: number;
  /** Of the first node; the others take the ports that follow and are free. Port 0: any free ones. */
  readonly bind: Endpoint;
  readonly rpc: Endpoint;
  readonly profile: MemberlistProfile;
  readonly tags: Tags;
  readonly encryptKey: string;
}

export interface LocalNode extends CountedNode {
  readonly endpoint: Endpoint;
}

/** How a user event fared. */
export interface EventSpread {
  /** Until the last node had it. */
  readonly ms: number;
  /** Nodes that did not have it within a minute. */
  readonly missing: number;
}

const eventLimitMs = 60_000;

/**
 * In clusters of up to so many nodes crashes are known within two seconds. That takes each node eight ends of streams, and in one process all
 * nodes share a core and the limit of open files.
 */
const closelyWatchedMax = 250;

/** Joins under way at once: a node answers 128 push/pulls at a time, and each of these asks another node. */
const joinsAtOnce = 16;

/** So many nodes, the first ones, are those whom all others join. */
const hubsMax = 16;

/** How often it is looked who has nothing more to tell. */
const quietCheckMs = 1_000;

/** So many ports in a row may be taken by others. */
const portTriesMax = 1_000;

/** What the reference offers as resources is that of a machine; here all share one. */
const sharedTelemetry = { metrics: silentMetrics, render: () => "", close: async () => undefined };

/**
 * A cluster of real agents in this process: each has its own UDP and TCP sockets and its own view of the others, and differs from `serf agent`
 * in what it shares with them, which is the process, its metrics, and one directory of who said what.
 */
export class LocalCluster {
  private readonly options: LocalClusterOptions;
  private readonly directory = new Directory();
  private readonly partition = new Partition();
  /** Those that were not killed. */
  private running: LocalNode[] = [];
  /** Those of them that reach each other. */
  private groups: readonly (readonly LocalNode[])[] = [];
  private readonly censusTaker = new CensusTaker();
  private nextPort: number;
  private nextRpcPort: number;
  private isStopping = false;
  /** Lines of the nodes' logs, warnings and worse. */
  readonly warnings = new LogBuffer(64);

  constructor(options: LocalClusterOptions) {
    this.options = options;
    this.nextPort = options.bind.port;
    this.nextRpcPort = options.rpc.port;
  }

  get nodes(): readonly LocalNode[] {
    return this.running;
  }

  get isCut(): boolean {
    return !this.partition.isWhole;
  }

  /** Opens the sockets of all nodes. Rejects with what kept one of them from it; the others still run then, and `stop` ends them. */
  async start(): Promise<void> {
    for (let index = 0; index < this.options.nodes && !this.isStopping; index++) {
      const node = await this.startNode(index);
      if (this.isStopping) await node.agent.shutdown();
      else this.running.push(node);
    }
    this.groups = [this.running];
  }

  /**
   * Has each node join one of the first, several at once, and then exchange everything once more, as agents do that know several
   * addresses. The first nodes, whom all others joined, know everybody as soon as they have asked each other.
   *
   * Only then does news leave, and what was learnt meanwhile is news to nobody. A thousand who all tell a thousand of a thousand joins, sixteen
   * times each, would have this one process do nothing else for two minutes.
   *
   * Rejects with JOIN_FAILED.
   */
  async join(): Promise<void> {
    await this.atOnce(this.running.slice(1), (node, index) => {
      const contacts = Math.min(index + 1, hubsMax);
      return this.joinOne(node, this.running[Math.floor(Math.random() * contacts)]!);
    });
    const [first, ...hubs] = this.running.slice(0, hubsMax);
    for (const hub of [...hubs, ...hubs]) await this.syncWith(hub, first!);
    await this.atOnce(this.running.slice(hubsMax), (node) => this.syncWith(node, this.pickHub()));
    const { complete, nodes } = this.census();
    for (const { agent } of this.running) {
      if (agent.serf.state !== "alive") continue;
      if (complete === nodes) agent.serf.memberlist.forgetNews();
      agent.serf.memberlist.disseminate("eager");
    }
  }

  /** Has whoever has nothing more to tell, and still misses somebody, ask again, until nobody does. */
  async repair(): Promise<void> {
    let waiting = this.running.slice(1);
    while (waiting.length > 0 && !this.isStopping) {
      waiting = waiting.filter((node) => this.running.includes(node) && !this.seesAll(node));
      const ready = waiting.filter(hasNothingToTell).slice(0, joinsAtOnce);
      await Promise.all(ready.map((node) => this.syncWith(node, this.pickHub())));
      if (ready.length === 0) await new Promise((resolve) => setTimeout(resolve, quietCheckMs).unref());
    }
  }

  /** What the nodes see now, compared with what they should. */
  census(): Census {
    return this.censusTaker.take(this.groups);
  }

  /** Sends a user event from a random node, and resolves when every node that runs had it, or after a minute. */
  async event(name: string, payload: string): Promise<EventSpread> {
    const startedMs = performance.now();
    const missing = new Map<Agent, () => void>(this.running.map(({ agent }) => [agent, () => undefined]));
    const { agent: sender } = this.pick(1)[0]!;
    await new Promise<void>((resolve) => {
      const limit = setTimeout(resolve, eventLimitMs).unref();
      const done = (agent: Agent): void => {
        missing.get(agent)?.();
        missing.delete(agent);
        if (missing.size > 0) return;
        clearTimeout(limit);
        resolve();
      };
      for (const agent of [...missing.keys()]) {
        missing.set(
          agent,
          agent.onEvent((event) => event.kind === "user" && event.name === name && done(agent)),
        );
        void agent.ended.then(() => done(agent));
      }
      void sender.userEvent(name, utf8Encode(payload), false).catch(() => undefined);
    });
    for (const stop of missing.values()) stop();
    return { ms: performance.now() - startedMs, missing: missing.size };
  }

  /** Ends random nodes without a word, as `kill -9` would, and returns them. One at least stays. */
  kill(count: number): readonly LocalNode[] {
    const killed = this.pick(Math.min(count, this.running.length - 1));
    const stays = (node: LocalNode): boolean => !killed.includes(node);
    this.running = this.running.filter(stays);
    this.groups = this.groups.map((group) => group.filter(stays));
    for (const { agent } of killed) void agent.shutdown();
    return killed;
  }

  /** Cuts the network in two, with about `share` (0 to 1) of the nodes, the first ones, on one side. */
  cut(share: number): void {
    const first = Math.min(this.running.length - 1, Math.max(1, Math.round(this.running.length * share)));
    this.groups = [this.running.slice(0, first), this.running.slice(first)];
    this.partition.cut(this.groups.map((group) => group.map(({ endpoint }) => endpoint)));
  }

  heal(): void {
    this.partition.heal();
    this.groups = [this.running];
  }

  /** Ends all nodes at once. */
  async stop(): Promise<void> {
    this.isStopping = true;
    await Promise.all(this.running.map(({ agent }) => agent.shutdown()));
    this.running = [];
  }

  private async startNode(index: number): Promise<LocalNode> {
    const name = `node-${String(index + 1).padStart(String(this.options.nodes).length, "0")}`;
    const servesRpc = index < this.options.rpcNodes;
    for (let tries = 1; ; tries++) {
      const port = this.nextPort === 0 ? 0 : this.nextPort++;
      const rpcPort = !servesRpc || this.nextRpcPort === 0 ? 0 : this.nextRpcPort++;
      try {
        const agent = await this.startAgentAt(name, port, rpcPort, servesRpc);
        // Until all have joined: see `join`.
        agent.serf.memberlist.disseminate("none");
        return { agent, name, endpoint: agent.bound };
      } catch (error) {
        const isTaken = error instanceof SerfError && error.code === "ADDRESS_IN_USE" && this.nextPort !== 0;
        if (!isTaken || tries === portTriesMax) throw error;
      }
    }
  }

  private async startAgentAt(name: string, port: number, rpcPort: number, servesRpc: boolean): Promise<Agent> {
    const { bind, rpc, profile, tags, encryptKey } = this.options;
    const { config } = loadConfig(
      {
        nodeName: name,
        bind: formatEndpoint({ address: bind.address, port }),
        rpcAddress: formatEndpoint({ address: rpc.address, port: rpcPort }),
        ...{ profile, tags, encryptKey },
        // It saves nothing on loopback.
        compression: false,
        fastFailure: this.options.nodes <= closelyWatchedMax,
      },
      name,
    );
    const company: AgentCompany = {
      directory: this.directory,
      telemetry: sharedTelemetry,
      wrapHost: (host) => ({ ...host, transport: new CutTransport(host.transport, this.partition) }),
      servesRpc,
    };
    return startAgent(config, await resolveNetwork(config), this.logsOf(config, servesRpc), company);
  }

  /** Only nodes with RPC can be asked for their whole log; of the others nobody would read more than warnings. */
  private logsOf(config: AgentConfig, servesRpc: boolean): AgentLogs {
    if (servesRpc) {
      const log = new AgentLog({ level: config.logLevel, print: () => undefined });
      log.release();
      return log;
    }
    return {
      buffer: this.warnings,
      enabled: (level) => isAtLeast(level, "WARN"),
      log: (level, message) => {
        if (isAtLeast(level, "WARN")) this.warnings.append(level, `[${level}] ${config.nodeName}: ${message}`);
      },
    };
  }

  private async joinOne(node: LocalNode, contact: LocalNode): Promise<void> {
    const result = await this.syncWith(node, contact);
    if (result === undefined || result.joined > 0 || this.isStopping) return;
    const reason = result.failures[0]?.reason ?? "stopped";
    throw new SerfError("JOIN_FAILED", `${node.name} could not join ${contact.name}: ${reason}`);
  }

  /**
   * Not a join of Serf's, which has each node tell all others that it joined, with its Lamport time, and of which nobody here learns
   * anything that memberlist's does not say: so a node rejoins by its snapshot, too. Undefined if the node ended meanwhile.
   */
  private syncWith({ agent }: LocalNode, { name, endpoint }: LocalNode): Promise<JoinResult | undefined> {
    return new Promise((resolve) => {
      void agent.ended.then(() => resolve(undefined));
      if (agent.serf.state === "alive")
        agent.serf.memberlist.join([`${name}/${formatEndpoint(endpoint)}`], (result) => resolve(result));
      else resolve(undefined);
    });
  }

  private seesAll({ agent }: LocalNode): boolean {
    return agent.serf.memberlist.inspect().table.countIn("alive") >= this.running.length;
  }

  private pickHub(): LocalNode {
    return this.running[Math.floor(Math.random() * Math.min(this.running.length, hubsMax))]!;
  }

  /** Does `act` for all of `nodes` that still run, for a few at a time. */
  private async atOnce(
    nodes: readonly LocalNode[],
    act: (node: LocalNode, index: number) => Promise<unknown>,
  ): Promise<void> {
    let next = 0;
    const work = async (): Promise<void> => {
      while (next < nodes.length && !this.isStopping) {
        const index = next++;
        if (this.running.includes(nodes[index]!)) await act(nodes[index]!, index);
      }
    };
    await Promise.all(Array.from({ length: joinsAtOnce }, work));
  }

  private pick(count: number): LocalNode[] {
    const pool = [...this.running];
    const picked: LocalNode[] = [];
    while (picked.length < count) picked.push(...pool.splice(Math.floor(Math.random() * pool.length), 1));
    return picked;
  }
}

function hasNothingToTell({ agent }: LocalNode): boolean {
  return agent.serf.memberlist.inspect().broadcasts.length === 0;
}
