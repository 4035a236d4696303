import { describe, expect, it } from "vitest";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import { Cluster, linesWith } from "./cluster.ts";

/** A cluster of five in which "n5" was at 10.0.0.5, and a newcomer of that name at 10.0.0.55 that joins `afterMs` later. */
function restartElsewhere(nameTakeover: boolean, before: (cluster: Cluster) => void, delegates: Delegates = {}) {
  const cluster = new Cluster();
  cluster.grow(5);
  cluster.run(5_000);
  before(cluster);
  const newcomer = cluster.add({ nodeName: "n5", nameTakeover }, delegates, "10.0.0.55");
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
