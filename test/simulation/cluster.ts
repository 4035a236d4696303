import type { Delegates } from "../../src/memberlist/delegates.ts";
import { Memberlist } from "../../src/memberlist/memberlist.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { type SimulatedHost, SimulatedNetwork, type SimulatedNetworkOptions } from "../../src/simulator/index.ts";

export interface ClusterNode {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly memberlist: Memberlist;
}

export interface ClusterOptions extends Partial<SimulatedNetworkOptions> {
  readonly memberlist?: Partial<MemberlistOptions>;
  /** Of all nodes that are given none. */
  readonly delegates?: Delegates;
}

/** Memberlists on simulated hosts: "n1" at 10.0.0.1, "n2" at 10.0.0.2, and so on. */
export class Cluster {
  readonly network: SimulatedNetwork;
  readonly nodes: ClusterNode[] = [];
  private readonly defaults: Partial<MemberlistOptions>;
  private readonly delegates: Delegates;

  constructor(options: ClusterOptions = {}) {
    const { memberlist = {}, delegates = {}, ...network } = options;
    this.network = new SimulatedNetwork({ seed: 1, ...network });
    this.defaults = memberlist;
    this.delegates = delegates;
  }

  /** Adds a node and starts it. */
  add(
    options: Partial<MemberlistOptions> = {},
    delegates: Delegates = this.delegates,
    address = `10.0.0.${this.nodes.length + 1}`,
  ): ClusterNode {
    const name = options.nodeName ?? `n${this.nodes.length + 1}`;
    const host = this.network.createHost({ address });
    const memberlist = new Memberlist({ ...this.defaults, ...options, nodeName: name }, host, delegates);
    const node = { name, host, memberlist };
    this.nodes.push(node);
    memberlist.start();
    return node;
  }

  /** Adds so many nodes, joins all of them to the first, and runs until every node sees every other. */
  grow(count: number): void {
    for (let added = 0; added < count; added += 1) {
      const node = this.add();
      if (this.nodes.length > 1) node.memberlist.join(["10.0.0.1"], () => {});
    }
    const everybody = this.nodes.length;
    if (!this.runUntil(() => this.nodes.every((node) => node.memberlist.aliveCount === everybody), 60_000)) {
      throw new Error(`after a minute the nodes see ${this.nodes.map((node) => node.memberlist.aliveCount)}`);
    }
  }

  run(ms: number): void {
    this.network.run(ms);
  }

  runUntil(condition: () => boolean, limitMs: number): boolean {
    return this.network.runUntil(condition, limitMs);
  }

  /** How the node at `index` (0 is the first) sees a member; undefined if it does not know it. */
  seen(index: number, name: string): string | undefined {
    return this.nodes[index]?.memberlist.member(name)?.state;
  }
}

/** The log lines of a node that contain a text. */
export function linesWith(node: ClusterNode, text: string): readonly string[] {
  return node.host.logger.lines.filter((line) => line.message.includes(text)).map((line) => line.message);
}
