import { expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/simulated-network.ts";
import { Awareness } from "./awareness.ts";

const { metrics } = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });

test("stays between healthy and one below the multiplier", () => {
  const awareness = new Awareness(8, metrics);
  const scores = [0, -1, 1, 3, 99, -2, -99].map((delta) => {
    awareness.applyDelta(delta);
    return awareness.score;
  });
  expect(scores).toEqual([0, 0, 1, 4, 7, 5, 0]);
});

test("scales times by one more than the score", () => {
  const awareness = new Awareness(8, metrics);
  expect(awareness.scale(1_000)).toBe(1_000);
  awareness.applyDelta(2);
  expect(awareness.scale(1_000)).toBe(3_000);
  awareness.applyDelta(50);
  expect(awareness.scale(1_000)).toBe(8_000);
});

test("is always healthy with a multiplier of 1", () => {
  const awareness = new Awareness(1, metrics);
  awareness.applyDelta(5);
  expect(awareness.scale(500)).toBe(500);
});

test("shows its score to the metrics when it changes", () => {
  const host = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
  const awareness = new Awareness(8, host.metrics);
  awareness.applyDelta(-1);
  expect(host.metrics.gauges.get("memberlist.health.score")).toBeUndefined();
  awareness.applyDelta(3);
  expect(host.metrics.gauges.get("memberlist.health.score")).toBe(3);
});
