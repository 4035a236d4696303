import { expect, test } from "vitest";
import { LatencyFilter } from "./latency-filter.ts";

test("gives the median of the last round trips, so that one spike is never seen", () => {
  const filter = new LatencyFilter(3);
  const seen = [0.201, 0.2, 0.207, 1.9, 0.203, 0.199, 0.211].map((seconds) => filter.filter("alice", seconds));
  expect(seen).toEqual([0.201, 0.201, 0.201, 0.207, 0.207, 0.203, 0.203]);
});

test("keeps nodes apart, and forgets one that is gone", () => {
  const filter = new LatencyFilter(3);
  for (const seconds of [0.1, 0.1, 0.1]) filter.filter("alice", seconds);
  expect(filter.filter("bob", 0.31)).toBe(0.31);
  filter.forget("alice");
  expect(filter.filter("alice", 0.888)).toBe(0.888);
});
