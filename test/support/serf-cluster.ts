import type { SerfEvent } from "../../src/serf/events.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { Serf } from "../../src/serf/serf.ts";
import { type SimulatedHost, SimulatedNetwork } from "../../src/simulator/index.ts";

/** A Serf node in the simulated network, with a record of what it told. */
export interface SimulatedNode {
  readonly name: string;
  readonly host: SimulatedHost;
  readonly serf: Serf;
  readonly events: SerfEvent[];
}

/** Serf nodes on one simulated network. */
export class SerfCluster {
  readonly network: SimulatedNetwork;
  private addressesUsed = 0;

  constructor(seed: number, latencyMs = 0.5) {
    this.network = new SimulatedNetwork({ seed, latencyMs });
  }

  /** Starts a node that has joined nobody yet. Without an address it gets one of its own. */
  start(
    name: string,
    options: Partial<SerfOptions> = {},
    address = `10.0.0.${++this.addressesUsed}`,
    port?: number,
  ): SimulatedNode {
    const host = this.network.createHost({ address, name, ...(port === undefined ? {} : { port }) });
    const events: SerfEvent[] = [];
    const serf = new Serf({ nodeName: name, ...options }, host, (event) => void events.push(event));
    serf.start();
    return { name, host, serf, events };
  }

  /** Starts nodes named node-1, node-2 … that all join the first, and waits until all see all alive. */
  startJoined(count: number, options: Partial<SerfOptions> = {}): SimulatedNode[] {
    return this.joinAll(Array.from({ length: count }, (_, index) => this.start(`node-${index + 1}`, options)));
  }

  /** The same, on one host. */
  startJoinedOnOneHost(count: number, options: Partial<SerfOptions> = {}): SimulatedNode[] {
    const start = (index: number) => this.start(`node-${index + 1}`, options, "10.9.9.9", 7_000 + index);
    return this.joinAll(Array.from({ length: count }, (_, index) => start(index)));
  }

  private joinAll(nodes: SimulatedNode[]): SimulatedNode[] {
    for (const node of nodes.slice(1)) this.join(node, nodes[0]!);
    this.expectSoon(() => nodes.every((node) => countOf(node, "alive") === nodes.length), "all see all alive");
    return nodes;
  }

  /** Joins, and waits until that is done. */
  join(node: SimulatedNode, to: SimulatedNode, replay = true): void {
    const joined = this.settle<number>((done) =>
      node.serf.join([`${to.host.address}:${to.host.port}`], replay, (result) => done(result.joined)),
    );
    if (joined !== 1) throw new Error(`${node.name} could not join ${to.name}`);
  }

  /** Lets time pass until `start` calls back, and returns with what. */
  settle<T>(start: (done: (value: T) => void) => void, limitMs = 60_000): T {
    const results: T[] = [];
    start((value) => void results.push(value));
    this.expectSoon(() => results.length > 0, "an operation calls back", limitMs);
    return results[0] as T;
  }

  expectSoon(condition: () => boolean, what: string, limitMs = 60_000): void {
    if (!this.network.runUntil(condition, limitMs)) throw new Error(`within ${limitMs} ms: ${what}`);
  }
}

export function statusOf(node: SimulatedNode, name: string): string | undefined {
  return node.serf.members().find((member) => member.name === name)?.status;
}

export function countOf(node: SimulatedNode, status: string): number {
  return node.serf.members().filter((member) => member.status === status).length;
}

/** "member-join a,b" and "user deploy", in the order in which they were told. */
export function told(node: SimulatedNode): string[] {
  return node.events.map((event) =>
    "name" in event
      ? `${event.kind} ${event.name}`
      : `${event.kind} ${event.members.map(({ name }) => name).join(",")}`,
  );
}
