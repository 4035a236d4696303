import { expect, it } from "vitest";
import { Cluster, linesWith } from "./cluster.ts";

const dayMs = 86_400_000;

function exchangesBegun(cluster: Cluster): number[] {
  return cluster.nodes.map((node) => linesWith(node, "Initiating push/pull sync").length);
}

it("makes one exchange to join, and no more where nobody else joins", () => {
  const cluster = new Cluster({ memberlist: { pushPullIntervalMs: dayMs } });
  cluster.grow(3);
  cluster.run(60_000);
  const before = exchangesBegun(cluster);
  cluster.add().memberlist.join(["10.0.0.1"], () => {});
  cluster.run(60_000);
  expect(exchangesBegun(cluster)).toEqual([...before, 1]);
});

it("asks again, after waits that double, while newcomers are heard of", () => {
  const cluster = new Cluster({ memberlist: { pushPullIntervalMs: dayMs } });
  cluster.grow(2);
  cluster.add().memberlist.join(["10.0.0.1"], () => {});
  for (let newcomers = 0; newcomers < 50; newcomers++) {
    cluster.run(1_000);
    cluster.add().memberlist.join(["10.0.0.2"], () => {});
  }
  expect(exchangesBegun(cluster)[2]).toBe(1 + 5);
});

it.each([{ dissemination: "timer" }, { pushPullIntervalMs: 0 }] as const)("does not with %o", (options) => {
  const cluster = new Cluster({ memberlist: { pushPullIntervalMs: dayMs, ...options } });
  cluster.grow(1);
  for (let newcomers = 0; newcomers < 10; newcomers++) {
    cluster.add().memberlist.join(["10.0.0.1"], () => {});
    cluster.run(1_000);
  }
  expect(new Set(exchangesBegun(cluster).slice(1))).toEqual(new Set([1]));
});
