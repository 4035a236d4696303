import { describe, expect, test } from "vitest";
import {
  confirmationsWanted,
  confirmedTimeoutMs,
  pushPullIntervalMs,
  retransmitLimit,
  suspicionTimeoutMs,
} from "./scaling.ts";

// The values for 1 to 10,000 nodes were computed with Go's library, as the reference computes them.

describe("the suspicion timeout", () => {
  test.each([
    [0, 4_000],
    [1, 4_000],
    [5, 4_000],
    [10, 4_000],
    [32, 6_020],
    [65, 7_248],
    [99, 7_980],
    [100, 8_000],
    [129, 8_440],
    [999, 11_996],
    [1_000, 12_000],
    [9_999, 15_996],
    [10_000, 16_000],
  ])("of %i nodes with multiplier 4 and probes every second is %i ms", (nodeCount, timeoutMs) => {
    expect(suspicionTimeoutMs(4, nodeCount, 1_000)).toBe(timeoutMs);
  });

  test("grows with the multiplier and the probe interval", () => {
    expect(suspicionTimeoutMs(6, 100, 5_000)).toBe(60_000);
  });
});

describe("the confirmations wanted", () => {
  test.each([
    [4, 1, 0],
    [4, 2, 0],
    [4, 3, 0],
    [4, 4, 2],
    [4, 100, 2],
    [6, 5, 0],
    [6, 6, 4],
    [3, 3, 1],
    [2, 100, 0],
    [1, 100, 0],
  ])("with multiplier %i and %i nodes are %i", (mult, nodeCount, wanted) => {
    expect(confirmationsWanted(mult, nodeCount)).toBe(wanted);
  });
});

describe("the timeout after confirmations", () => {
  test.each([
    [0, 3, 30_000],
    [1, 3, 16_000],
    [2, 3, 7_810],
    [3, 3, 2_000],
    [4, 3, 2_000],
    [0, 1, 30_000],
    [1, 1, 2_000],
  ])("after %i of %i, between 2 s and 30 s, is %i ms", (confirmations, wanted, timeoutMs) => {
    expect(confirmedTimeoutMs(confirmations, wanted, 2_000, 30_000)).toBe(timeoutMs);
  });
});

describe("the retransmit limit", () => {
  test.each([
    [0, 0],
    [1, 4],
    [9, 4],
    [10, 8],
    [99, 8],
    [100, 12],
    [999, 12],
    [1_000, 16],
    [10_000, 20],
  ])("of %i nodes with multiplier 4 is %i", (nodeCount, limit) => {
    expect(retransmitLimit(4, nodeCount)).toBe(limit);
  });
});

describe("the push/pull interval", () => {
  test.each([
    [0, 30_000],
    [32, 30_000],
    [33, 60_000],
    [64, 60_000],
    [65, 90_000],
    [128, 90_000],
    [129, 120_000],
    [1_000, 180_000],
    [10_000, 300_000],
  ])("of %i nodes is %i ms", (nodeCount, intervalMs) => {
    expect(pushPullIntervalMs(30_000, nodeCount)).toBe(intervalMs);
  });
});
