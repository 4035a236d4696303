import { expect, test } from "vitest";
import { planRounds } from "./push-rounds.ts";

test("rounds share what the tree leaves, and leave one transmission to the gossiper where there are three", () => {
  const sum = (plan: readonly number[]) => plan.reduce((total, count) => total + count, 0);
  for (let limit = 4; limit <= 15; limit++) expect([limit, sum(planRounds(limit))]).toEqual([limit, limit - 2]);
  expect(sum(planRounds(40))).toBe(14);
  expect([1, 2, 3].map((limit) => sum(planRounds(limit)))).toEqual([1, 1, 2]);
});

test("the first round is the largest, and never more than half", () => {
  expect([2, 4, 8, 12, 16, 20].map(planRounds)).toEqual([
    [0, 1, 0, 0],
    [1, 1, 0, 0],
    [3, 1, 1, 1],
    [5, 2, 2, 1],
    [6, 3, 3, 2],
    [6, 3, 3, 2],
  ]);
});
