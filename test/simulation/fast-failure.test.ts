/** The fast path to failed members: what it takes for a crash, and what it does not. */

import { afterEach, describe, expect, it, vi } from "vitest";
import { CrashCase } from "../../src/memberlist/crash-case.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { Ward } from "../../src/memberlist/ward.ts";
import { runScenario, type Scenario, type Step } from "../../src/simulator/index.ts";
import { Cluster, linesWith } from "./cluster.ts";
import { Puppet } from "./puppet.ts";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];

function grown(count: number, seed = 1, options: Partial<MemberlistOptions> = {}): Cluster {
  const cluster = new Cluster({ seed, memberlist: options });
  cluster.grow(count);
  cluster.run(5_000);
  return cluster;
}

/** How long it takes after now until everybody, and until the first, holds a member for dead. */
function detectionMs(cluster: Cluster, name: string): { readonly firstMs: number; readonly allMs: number } {
  const others = cluster.nodes.filter((node) => node.name !== name && !node.host.isCrashed);
  const startMs = cluster.network.nowMs;
  const isDead = (node: (typeof others)[number]) => node.memberlist.member(name)?.state === "dead";
  expect(cluster.runUntil(() => others.some(isDead), 60_000)).toBe(true);
  const firstMs = cluster.network.nowMs - startMs;
  expect(cluster.runUntil(() => others.every(isDead), 60_000)).toBe(true);
  return { firstMs, allMs: cluster.network.nowMs - startMs };
}

function killAndMeasure(cluster: Cluster): { readonly firstMs: number; readonly allMs: number } {
  const { name, host } = cluster.nodes.at(-1)!;
  host.crash();
  return detectionMs(cluster, name);
}

/** The shortest suspicion: 4 x 1 s in so small a cluster. */
const suspicionMsMin = 4_000;

describe("a process that is gone while its host lives", () => {
  it.each([3, 4, 5, 20])("is known to all of %i in about a second", (count) => {
    const times = seeds.map((seed) => killAndMeasure(grown(count, seed)));
    const firsts = times.map(({ firstMs }) => firstMs).sort((a, b) => a - b);
    expect(firsts[0]).toBeGreaterThan(1_000);
    expect(firsts[4]).toBeLessThan(1_700);
    expect(firsts.at(-1)).toBeLessThan(1_950);
    expect(Math.max(...times.map(({ allMs }) => allMs))).toBeLessThan(2_500);
  });

  it("is said to be so, and the usual way is never gone", () => {
    const cluster = grown(5);
    killAndMeasure(cluster);
    const declaring = cluster.nodes.flatMap((node) => linesWith(node, "memberlist: Marking n5 as failed"));
    expect(declaring[0]).toMatch(/Marking n5 as failed, its host refuses connections \([23] peer confirmations\)$/);
    expect(cluster.nodes.flatMap((node) => linesWith(node, "Suspect n5 has failed, its host refuses"))).not.toEqual([]);
  });

  it("takes the usual time where the fast path is off, or was switched off", () => {
    expect(killAndMeasure(grown(5, 1, { fastFailure: false })).firstMs).toBeGreaterThan(suspicionMsMin);
    const cluster = grown(5);
    for (const { memberlist } of cluster.nodes) memberlist.setFastFailure(false);
    expect(killAndMeasure(cluster).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("is found fast once the fast path is switched on", () => {
    const cluster = grown(5, 1, { fastFailure: false });
    for (const { memberlist } of cluster.nodes) memberlist.setFastFailure(true);
    cluster.run(2_000);
    expect(killAndMeasure(cluster).firstMs).toBeLessThan(1_900);
  });

  it("takes the usual time in a cluster of two, where nobody could confirm it", () => {
    expect(killAndMeasure(grown(2)).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("takes the usual time where streams are not to be trusted", () => {
    expect(killAndMeasure(grown(5, 1, { streamPings: false })).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("is found by the refusal that an ordinary probe meets, where nobody watches closely", () => {
    const { firstMs } = killAndMeasure(grown(8, 1, { fastFailureWatchers: 0 }));
    expect(firstMs).toBeGreaterThan(1_400);
    expect(firstMs).toBeLessThan(suspicionMsMin);
  });

  it("is not even missed if it is started again within the dwell time", () => {
    for (const seed of seeds) {
      const cluster = grown(5, seed, { fastFailureDwellMs: 3_000 });
      const { host } = cluster.nodes[4]!;
      host.crash();
      cluster.run(1_500);
      const again = cluster.add({ nodeName: "n5" }, {}, host.address);
      again.memberlist.join(["10.0.0.1"], () => {});
      for (let seconds = 0; seconds < 10; seconds++) {
        cluster.run(1_000);
        expect(cluster.nodes.slice(0, 4).map((node) => node.memberlist.member("n5")?.state)).not.toContain("dead");
      }
    }
  });
});

describe("what is no crash takes the usual time:", () => {
  it("a machine without power, which refuses nothing", () => {
    const cluster = grown(5);
    cluster.nodes[4]!.host.losePower();
    expect(detectionMs(cluster, "n5").firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("a process that is stopped, whose kernel goes on accepting streams", () => {
    for (const seed of seeds) {
      const cluster = grown(5, seed);
      cluster.nodes[4]!.host.pause();
      expect(detectionMs(cluster, "n5").firstMs).toBeGreaterThan(suspicionMsMin);
    }
  });

  it("a proxy that accepts streams for a process that is gone, and resets them", () => {
    const cluster = grown(5);
    const { host } = cluster.nodes[4]!;
    host.crash();
    const proxy = new Puppet(cluster.network, host.address);
    proxy.acceptStream = (stream) => {
      stream.destroy();
      return { opened: () => {}, received: () => {}, ended: () => {}, closed: () => {} };
    };
    expect(detectionMs(cluster, "n5").firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("a firewall that rejects what two of eight send, while the others get through", () => {
    for (const seed of seeds) {
      const cluster = grown(8, seed);
      cluster.network.reject(
        cluster.nodes.slice(0, 2).map(({ host }) => host),
        [cluster.nodes[7]!.host],
      );
      for (let seconds = 0; seconds < 60; seconds++) {
        cluster.run(1_000);
        expect(cluster.nodes.map((node) => node.memberlist.member("n8")?.state)).not.toContain("dead");
      }
    }
  });
});

it("a firewall that rejects what all others but one send to a member takes nobody in: the one reaches it", () => {
  for (const seed of seeds) {
    const cluster = grown(5, seed);
    const others = cluster.nodes.slice(0, 3).map(({ host }) => host);
    cluster.network.reject(others, [cluster.nodes[4]!.host]);
    for (let seconds = 0; seconds < 60; seconds++) {
      cluster.run(1_000);
      expect(cluster.nodes.map((node) => node.memberlist.member("n5")?.state)).not.toContain("dead");
    }
  }
});

describe("a member that was declared failed on the fast path and lives", () => {
  /** It is stopped, and a firewall rejects what anybody sends to it: nobody can tell that from a crash. */
  function wronged(options: Partial<MemberlistOptions> = {}): Cluster {
    const cluster = grown(5, 1, options);
    const { network, nodes } = cluster;
    network.reject(
      nodes.slice(0, 4).map(({ host }) => host),
      [nodes[4]!.host],
    );
    nodes[4]!.host.pause();
    expect(cluster.runUntil(() => cluster.seen(0, "n5") === "dead", suspicionMsMin)).toBe(true);
    network.heal();
    nodes[4]!.host.resume();
    const sees = () => nodes.slice(0, 4).every((node) => node.memberlist.member("n5")?.state === "alive");
    expect(cluster.runUntil(sees, suspicionMsMin)).toBe(true);
    expect(nodes[0]!.host.metrics.counters.get("memberlist.failure.refuted")).toBe(1);
    return cluster;
  }

  it("is left to the timers for the time of a truce", () => {
    expect(killAndMeasure(wronged()).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("is watched again when the truce is over", () => {
    const cluster = wronged({ fastFailureTruceMs: 60_000 });
    cluster.run(61_000);
    expect(killAndMeasure(cluster).firstMs).toBeLessThan(1_900);
  });
});

/** Eight nodes to which one thing happens, watched by the simulator's checkers. */
function happening(...steps: Step[]): Scenario {
  return {
    steps: [
      { kind: "addNodes", count: 8 },
      { kind: "wait", ms: 10_000 },
      ...steps,
      { kind: "wait", ms: 60_000 },
      { kind: "calm" },
    ],
  };
}

const stopped = happening({ kind: "pause", nodes: ["n3"], forMs: 30_000 });
const stalled = happening({ kind: "stall", nodes: ["n3"], forMs: 30_000 });
const rejected = happening({ kind: "reject", from: ["n1..n2"], to: ["n3"] });

function complaints(scenario: Scenario): string[] {
  const found = new Set<string>();
  for (const seed of [1, 2, 3])
    for (const { checker } of runScenario(scenario, { seed }).violations) found.add(checker);
  return [...found];
}

describe("the simulator's checker of early deaths", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["a process that is stopped", stopped],
    ["a process whose messages stand still", stalled],
    ["a firewall that rejects the messages of two", rejected],
  ])("has nothing to say to %s", (_, scenario) => {
    expect(complaints(scenario)).toEqual([]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: private methods are broken here
  type Anything = any;

  it("finds out when silence is taken for refusal", () => {
    // Where a stream is kept there is no ping to be missed.
    vi.spyOn(Ward.prototype as Anything, "openWatch").mockReturnValue(undefined);
    vi.spyOn(Ward.prototype as Anything, "handleMissedAck").mockImplementation(function (this: Anything) {
      this.sequence = undefined;
      this.listener.refused();
    });
    vi.spyOn(CrashCase.prototype as Anything, "askHost").mockImplementation(function (this: Anything) {
      this.learn({ kind: "refused", atMs: this.around.clock.monotonicMs() });
    });
    expect(complaints(stopped)).toContain("early-deaths");
    expect(complaints(stalled)).toContain("early-deaths");
  });

  it("finds out when one observer's word is enough, and the member has no say", () => {
    vi.spyOn(CrashCase.prototype as Anything, "askRelays").mockImplementation(function (this: Anything) {
      this.confirm("somebody");
      this.confirm("somebody else");
    });
    vi.spyOn(CrashCase.prototype as Anything, "suspect").mockImplementation(function (this: Anything) {
      this.learn({ kind: "suspected", atMs: Number.NEGATIVE_INFINITY });
    });
    vi.spyOn(CrashCase.prototype as Anything, "heard").mockReturnValue(undefined);
    expect(complaints(rejected)).toContain("early-deaths");
  });
});
