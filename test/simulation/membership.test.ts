import { describe, expect, it } from "vitest";
import { Cluster } from "./cluster.ts";

describe("a cluster", () => {
  for (const size of [2, 3, 10, 30]) {
    it(`of ${size} nodes sees all of them after a join`, () => {
      const cluster = new Cluster();
      cluster.grow(size);
      expect(cluster.nodes.map((node) => node.memberlist.members().length)).toEqual(new Array(size).fill(size));
    });
  }

  it("notices a node that was killed", () => {
    const cluster = new Cluster();
    cluster.grow(5);
    cluster.network.crash(cluster.nodes[1]!.host);
    expect(cluster.runUntil(() => [0, 2, 3, 4].every((index) => cluster.seen(index, "n2") === "dead"), 30_000)).toBe(
      true,
    );
  });
});
