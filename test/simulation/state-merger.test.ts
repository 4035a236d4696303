import { getHeapStatistics } from "node:v8";
import { describe, expect, test } from "vitest";
import type { Timer } from "../../src/base/host.ts";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import { Directory } from "../../src/memberlist/directory.ts";
import { createFoundations } from "../../src/memberlist/foundations.ts";
import { Membership } from "../../src/memberlist/membership.ts";
import { resolveMemberlistOptions } from "../../src/memberlist/options.ts";
import { StateMerger } from "../../src/memberlist/state-merger.ts";
import { SimulatedNetwork } from "../../src/simulator/index.ts";
import type { NodeStateRecord } from "../../src/wire/messages.ts";
import { Cluster } from "./cluster.ts";
import { aliveMessage, aliveRecord, Puppet } from "./puppet.ts";

const noUserState = new Uint8Array(0);

function members(count: number, prefix = "m"): NodeStateRecord[] {
  return Array.from({ length: count }, (_, index) =>
    aliveRecord(`${prefix}${index}`, `10.${index >> 8}.${index & 255}.9`),
  );
}

/** A merger whose turns come when the test says so. */
class Bench {
  /** What happened: user states by their first byte, and ends by the reason or "done". */
  readonly happened: (number | string)[] = [];
  private readonly turns: (() => void)[] = [];
  private readonly foundations;
  readonly merger: StateMerger;

  /** The layer above takes so many turns of its own for its part, where a number is given. */
  constructor(turnsAbove?: number) {
    const host = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
    const userData = {
      nodeMeta: () => noUserState,
      receiveUserMessage: () => undefined,
      takeBroadcasts: () => [],
      localState: () => noUserState,
      mergeRemoteState: (state: Uint8Array) => void this.happened.push(state[0]!),
    };
    const { happened } = this;
    function* mergeInSlices(state: Uint8Array) {
      for (let turn = 1; turn < turnsAbove!; turn++) yield happened.push(`slice of ${state[0]}`);
      happened.push(state[0]!);
    }
    const delegates: Delegates = { userData: turnsAbove === undefined ? userData : { ...userData, mergeInSlices } };
    const foundations = createFoundations(
      resolveMemberlistOptions({ nodeName: "n1" }),
      host,
      delegates,
      new Directory(),
    );
    this.foundations = {
      ...foundations,
      timers: {
        after: (_delayMs: number, fire: () => void): Timer => {
          this.turns.push(fire);
          return { cancel: () => void this.turns.splice(this.turns.indexOf(fire), 1) };
        },
      },
    };
    const membership = new Membership(foundations, () => undefined);
    membership.announceSelf();
    this.merger = new StateMerger({ ...this.foundations, membership, suspectHeard: () => undefined });
  }

  get known(): number {
    return this.foundations.table.length - 1;
  }

  get turnsDue(): number {
    return this.turns.length;
  }

  merge(nodes: readonly NodeStateRecord[], userState = noUserState): void {
    this.merger.merge({ nodes, userState, join: false, done: (problem) => this.happened.push(problem ?? "done") });
  }

  turn(): void {
    this.turns.shift()?.();
  }
}

describe("merging what another node knows", () => {
  test("is done at once where it is little, and where little of it is new", () => {
    const bench = new Bench();
    bench.merge(members(512), Uint8Array.of(1));
    expect(bench.happened).toEqual([1, "done"]);
    bench.merge(members(600));
    expect(bench.happened).toEqual([1, "done", "done"]);
    expect(bench.known).toBe(600);
    expect(bench.turnsDue).toBe(0);
  });

  test("takes turns with everything else where it is much, and the layer above gets its part at the end", () => {
    const bench = new Bench();
    bench.merge(members(2_000), Uint8Array.of(1));
    const known = [bench.known];
    while (bench.turnsDue > 0) {
      expect(bench.happened).toEqual([]);
      bench.turn();
      known.push(bench.known);
    }
    expect(known).toEqual([512, 1_024, 1_536, 2_000]);
    expect(bench.happened).toEqual([1, "done"]);
  });

  test("takes one state after the other, in the order in which they came", () => {
    const bench = new Bench();
    bench.merge(members(1_000), Uint8Array.of(1));
    bench.merge(members(10, "other"), Uint8Array.of(2));
    bench.merge([aliveRecord("x", "10.9.9.9", { incarnation: 7 })], Uint8Array.of(3));
    while (bench.turnsDue > 0) bench.turn();
    expect(bench.happened).toEqual([1, "done", 2, "done", 3, "done"]);
    expect(bench.known).toBe(1_011);
  });

  test("gives the layer above turns of its own, and the next state waits for it", () => {
    const bench = new Bench(3);
    bench.merge(members(10), Uint8Array.of(1));
    bench.merge(members(10, "other"), Uint8Array.of(2));
    expect(bench.happened).toEqual(["slice of 1"]);
    while (bench.turnsDue > 0) {
      expect(bench.turnsDue).toBe(1);
      bench.turn();
    }
    expect(bench.happened).toEqual(["slice of 1", "slice of 1", 1, "done", "slice of 2", "slice of 2", 2, "done"]);
    expect(bench.known).toBe(20);
  });

  test("leaves the layer above alone once the node has stopped", () => {
    const bench = new Bench(3);
    bench.merge(members(10), Uint8Array.of(1));
    bench.merger.stop();
    expect(bench.turnsDue).toBe(0);
    expect(bench.happened).toEqual(["slice of 1"]);
  });

  test("refuses a state whose members would not understand each other, and goes on with the next", () => {
    const bench = new Bench();
    const versions = { ...aliveRecord("", "").versions!, protocolCurrent: 9 };
    bench.merge(members(1_000));
    bench.merge([aliveRecord("future", "10.9.9.9", { versions })], Uint8Array.of(2));
    bench.merge(members(1, "other"));
    while (bench.turnsDue > 0) bench.turn();
    expect(bench.happened).toEqual(["done", expect.stringContaining("Node 'future' protocol version (9)"), "done"]);
    expect(bench.known).toBe(1_001);
  });

  test("refuses states when too much waits already", () => {
    const bench = new Bench();
    const large = Array<NodeStateRecord>(700_000).fill(aliveRecord("m0", "10.0.0.9"));
    bench.merge(large);
    expect(bench.happened).toEqual([]);
    bench.merge(large);
    bench.merge(members(10, "other"));
    expect(bench.happened).toEqual(["too many states are waiting to be merged"]);
    while (bench.turnsDue > 0) bench.turn();
    expect(bench.happened.slice(1)).toEqual(["done", "done"]);
  });

  test("stops with the node, and tells nobody", () => {
    const bench = new Bench();
    bench.merge(members(1_000));
    bench.merge(members(10, "other"));
    bench.merger.stop();
    expect(bench.turnsDue).toBe(0);
    expect(bench.happened).toEqual([]);
    expect(bench.known).toBe(512);
  });

  test("allocates nothing for members of which nothing is new", () => {
    const bench = new Bench();
    const nodes = members(500);
    const rounds = 50;
    const grownBytes = Array.from({ length: 25 }, () => {
      const before = getHeapStatistics().used_heap_size;
      for (let round = 0; round < rounds; round++) bench.merge(nodes);
      return getHeapStatistics().used_heap_size - before;
    });
    // Most of the time neither the compiler nor the collector is at work. A single object for each member would be 600 kB or more.
    const usual = grownBytes.sort((a, b) => a - b)[grownBytes.length >> 1];
    expect(usual).toBeLessThan(200_000);
    expect(bench.known).toBe(500);
  });
});

describe("a node that merges a large state", () => {
  test("knows all of it in the end, joins and answers as ever", () => {
    const cluster = new Cluster();
    const { memberlist } = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.0.77");
    puppet.send("10.0.0.1", aliveMessage("puppet", "10.0.0.77"));
    puppet.exchange("10.0.0.1", { nodes: members(5_000) });
    expect(cluster.runUntil(() => memberlist.estimatedSize === 5_002, 10_000)).toBe(true);
    puppet.send("10.0.0.1", {
      ...{ kind: "ping", sequence: 7, node: "n1", sourceAddress: "10.0.0.77", sourcePort: 7946, sourceNode: "puppet" },
    });
    expect(cluster.runUntil(() => puppet.heardOf("ack").length > 0, 1_000)).toBe(true);
  });
});
