/** Halves of a cluster that declared each other to have left meet again. */

import { describe, expect, test } from "vitest";
import { countOf, SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

/** Longer than memberlist gossips to the dead. */
const apartMs = 60_000;
/** By gossip it takes half a second. In three runs of ten what gossip tells meets older news on its way, and push/pull repairs it: two intervals of 30 s. */
const repairMs = 60_000;

function giveUp(cluster: SerfCluster, by: SimulatedNode, others: readonly SimulatedNode[]): void {
  for (const { name } of others)
    cluster.settle<undefined>((done) => by.serf.forceLeave(name, false, () => done(undefined)));
}

function splitForGood(seed: number) {
  const cluster = new SerfCluster(seed);
  const nodes = cluster.startJoined(6);
  const [here, there] = [nodes.slice(0, 3), nodes.slice(3)];
  cluster.network.partition(
    here.map(({ host }) => host),
    there.map(({ host }) => host),
  );
  cluster.expectSoon(() => nodes.every((node) => countOf(node, "failed") === 3), "both sides see the others failed");
  giveUp(cluster, here[0]!, there);
  giveUp(cluster, there[0]!, here);
  cluster.expectSoon(() => nodes.every((node) => countOf(node, "left") === 3), "both sides have given the others up");
  cluster.network.run(apartMs);
  cluster.network.heal();
  return { cluster, nodes, here, there };
}

describe("halves that gave each other up", () => {
  test("stay apart", () => {
    const { cluster, nodes } = splitForGood(1);
    cluster.network.run(300_000);
    for (const node of nodes) expect([countOf(node, "alive"), countOf(node, "left")]).toEqual([3, 3]);
  });

  test.each([1, 2, 3, 4, 5, 6, 7, 8])("are one after a join, and nobody stays leaving (seed %i)", (seed) => {
    const { cluster, nodes, here, there } = splitForGood(seed);
    cluster.join(here[1]!, there[1]!);
    cluster.expectSoon(() => nodes.every((node) => countOf(node, "alive") === 6), "all see all alive", repairMs);
    cluster.network.run(120_000);
    for (const node of nodes) expect(countOf(node, "alive")).toBe(6);
  });
});
