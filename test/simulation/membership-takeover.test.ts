import { describe, expect, it } from "vitest";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { Cluster, linesWith } from "./cluster.ts";

/** A cluster of five in which "n5" was at 10.0.0.5, and after what `before` does a newcomer of that name at 10.0.0.55 that joins. */
function restartElsewhere(
  nameTakeover: boolean,
  before: (cluster: Cluster) => void,
  delegates: Delegates = {},
  memberlist: Partial<MemberlistOptions> = {},
) {
  const cluster = new Cluster({ memberlist: { nameTakeover, ...memberlist } });
  cluster.grow(5);
  cluster.run(5_000);
  before(cluster);
  const newcomer = cluster.add({ nodeName: "n5" }, delegates, "10.0.0.55");
  newcomer.memberlist.join(["10.0.0.1"], () => {});
  const startMs = cluster.network.nowMs;
  const hasName = (): boolean =>
    [0, 1, 2, 3].every((index) => {
      const member = cluster.nodes[index]!.memberlist.member("n5");
      return member?.address === "10.0.0.55" && member.state === "alive";
    });
  return { cluster, newcomer, hasName, sinceMs: () => cluster.network.nowMs - startMs };
}

describe("a node that restarts at another address while its old self still counts as alive", () => {
  it("has its name back within seconds, where the old host refuses", () => {
    const { cluster, hasName, newcomer, sinceMs } = restartElsewhere(true, ({ network, nodes }) => {
      network.crash(nodes[4]!.host);
    });
    expect(cluster.runUntil(hasName, 10_000)).toBe(true);
    expect(sinceMs()).toBeLessThan(3_000);
    const line = "memberlist: Taking over the name n5 from 10.0.0.5:7946, where nobody listens any more";
    expect(linesWith(newcomer, line)).toHaveLength(1);
    cluster.run(60_000);
    expect(hasName()).toBe(true);
    expect(newcomer.memberlist.healthScore).toBe(0);
  });

  it("has to wait for its old self to be forgotten with the takeover turned off", () => {
    const { cluster, hasName } = restartElsewhere(false, ({ network, nodes }) => network.crash(nodes[4]!.host));
    expect(cluster.runUntil(hasName, 20_000)).toBe(false);
    expect(cluster.runUntil(hasName, 120_000)).toBe(true);
  });

  it("does not take the name from a node that answers, and the conflict is told", () => {
    const conflicts: string[] = [];
    const conflict = { nameConflict: (_: unknown, other: { address: string }) => conflicts.push(other.address) };
    const { cluster, newcomer } = restartElsewhere(true, () => {}, { conflict });
    cluster.run(20_000);
    expect(linesWith(newcomer, "Taking over")).toEqual([]);
    expect(conflicts[0]).toBe("10.0.0.5");
    expect(cluster.nodes[0]!.memberlist.member("n5")).toMatchObject({ address: "10.0.0.5", state: "alive" });
  });

  it("does not take the name from a node that it cannot reach, which may be a partition", () => {
    const conflicts: string[] = [];
    const conflict = { nameConflict: (_: unknown, other: { address: string }) => conflicts.push(other.address) };
    const { cluster, newcomer } = restartElsewhere(
      true,
      ({ network, nodes }) => network.partition([nodes[4]!.host], [{ address: "10.0.0.55" }]),
      { conflict },
    );
    cluster.run(20_000);
    expect(linesWith(newcomer, "Taking over")).toEqual([]);
    expect(conflicts[0]).toBe("10.0.0.5");
    expect(cluster.nodes[0]!.memberlist.member("n5")).toMatchObject({ address: "10.0.0.5", state: "alive" });
  });
});

/** n5 is gone, or behind a partition, and a newcomer comes once the others hold it for that. */
function restartLate(
  state: "suspect" | "dead",
  how: "crash" | "partition",
  memberlist: Partial<MemberlistOptions> = {},
) {
  const before = (cluster: Cluster): void => {
    const { network, nodes } = cluster;
    const [old, ...others] = nodes.toReversed().map(({ host }) => host);
    if (how === "crash") network.crash(old!);
    else network.partition([old!], [...others, { address: "10.0.0.55" }]);
    expect(cluster.runUntil(() => others.every((_, index) => cluster.seen(index, "n5") === state), 60_000)).toBe(true);
  };
  return restartElsewhere(memberlist.nameTakeover ?? true, before, {}, memberlist);
}

describe("a node that restarts at another address once its old self has failed", () => {
  it.each([{ fastFailure: true }, { fastFailure: false }])("has its name back within seconds, with %j", (options) => {
    const { cluster, hasName, newcomer, sinceMs } = restartLate("dead", "crash", options);
    expect(cluster.runUntil(hasName, 10_000)).toBe(true);
    expect(sinceMs()).toBeLessThan(3_000);
    const line = "memberlist: Updating address for left or failed node n5 from 10.0.0.5:7946 to 10.0.0.55:7946";
    expect(linesWith(cluster.nodes[0]!, line)).toHaveLength(1);
    cluster.run(60_000);
    expect(hasName()).toBe(true);
    expect(newcomer.memberlist.member("n5")).toMatchObject({ address: "10.0.0.55", state: "alive" });
  });

  it("waits until it is forgotten where its old host does not answer", () => {
    const { cluster, hasName } = restartLate("dead", "partition");
    expect(cluster.runUntil(hasName, 20_000)).toBe(false);
    expect(cluster.runUntil(hasName, 120_000)).toBe(true);
  });

  it("waits until it is forgotten with the takeover turned off", () => {
    const { cluster, hasName } = restartLate("dead", "crash", { nameTakeover: false });
    expect(cluster.runUntil(hasName, 20_000)).toBe(false);
    expect(cluster.runUntil(hasName, 120_000)).toBe(true);
  });

  it("has its name back within seconds while others only suspect it", () => {
    const { cluster, hasName, newcomer, sinceMs } = restartLate("suspect", "crash");
    expect(cluster.runUntil(hasName, 10_000)).toBe(true);
    expect(sinceMs()).toBeLessThan(3_000);
    expect(linesWith(newcomer, "Taking over the name n5 from 10.0.0.5:7946")).toHaveLength(1);
    cluster.run(60_000);
    expect(hasName()).toBe(true);
  });
});

describe("a name whose holder is dead", () => {
  it("stays taken while the holder's host lets streams in, though it answers to no ping", () => {
    const { cluster, hasName } = restartElsewhere(true, (given) => {
      const { nodes } = given;
      nodes[4]!.host.pause();
      expect(given.runUntil(() => [0, 1, 2, 3].every((index) => given.seen(index, "n5") === "dead"), 60_000)).toBe(
        true,
      );
    });
    expect(cluster.runUntil(hasName, 20_000)).toBe(false);
  });
});
