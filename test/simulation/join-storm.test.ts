/** Many that join at one moment: `Arrivals`, and what waits until there are no more of them. */

import { expect, it } from "vitest";
import { MemberlistCluster } from "../experiments/memberlist-cluster.ts";
import { Cluster, linesWith } from "./cluster.ts";

const dayMs = 86_400_000;

it.each([
  { nodes: 20, packetsMax: 18 },
  { nodes: 100, packetsMax: 30 },
])(
  "$nodes nodes that join one within a tenth of a second know all after a few packets each",
  ({ nodes, packetsMax }) => {
    const cluster = new MemberlistCluster(5);
    for (let started = 0; started < nodes; started++) {
      cluster.add();
      cluster.network.run(100 / nodes);
    }
    expect(cluster.complete(60_000, 50)).toBeLessThanOrEqual(500);
    expect(cluster.network.traffic.packets / nodes).toBeLessThan(packetsMax);
  },
);

it("tells at once of one that joins where it is calm", () => {
  const cluster = new Cluster();
  cluster.grow(20);
  cluster.run(10_000);
  cluster.add().memberlist.join(["10.0.0.1"], () => {});
  expect(cluster.runUntil(() => cluster.nodes.every(({ memberlist }) => memberlist.aliveCount === 21), 1_000)).toBe(
    true,
  );
  const startedMs = cluster.network.nowMs;
  cluster.add().memberlist.join(["10.0.0.1"], () => {});
  cluster.runUntil(() => cluster.nodes.every(({ memberlist }) => memberlist.aliveCount === 22), 1_000);
  expect(cluster.network.nowMs - startedMs).toBeLessThan(30);
});

it("passes on nothing of what a node hears that knew nobody, as it joins", () => {
  const cluster = new Cluster();
  cluster.grow(10);
  cluster.run(30_000);
  const newcomer = cluster.add();
  let queued = 0;
  newcomer.memberlist.join(["10.0.0.1"], () => {
    queued = newcomer.memberlist.inspect().broadcasts.length;
  });
  cluster.run(100);
  expect([newcomer.memberlist.aliveCount, queued]).toEqual([11, 1]);
});

it("watches nobody closely, and asks nobody again, before the last has come", () => {
  const cluster = new Cluster({ memberlist: { pushPullIntervalMs: dayMs } });
  const streams = () => cluster.nodes.reduce((sum, node) => sum + linesWith(node, "Stream connection").length, 0);
  cluster.add();
  for (let joined = 0; joined < 20; joined++) {
    cluster.add().memberlist.join(["10.0.0.1"], () => {});
    cluster.run(400);
  }
  // The joins themselves, and what nodes asked that began before it was a crowd.
  expect(streams()).toBeLessThan(2 * 20);
  cluster.run(10_000);
  expect(cluster.nodes.every(({ memberlist }) => memberlist.aliveCount === 21)).toBe(true);
});

it("waits no longer than a while in a crowd that does not end", () => {
  const cluster = new Cluster({ memberlist: { pushPullIntervalMs: dayMs } });
  cluster.grow(3);
  for (let joined = 0; joined < 60; joined++) {
    cluster.add().memberlist.join(["10.0.0.1"], () => {});
    cluster.run(600);
  }
  const exchanges = cluster.nodes.slice(5, 10).map((node) => linesWith(node, "Initiating push/pull sync").length);
  // Two or three come before it is a crowd.
  expect(Math.min(...exchanges)).toBeGreaterThan(3);
});
