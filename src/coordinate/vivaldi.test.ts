import { describe, expect, test } from "vitest";
import { SeededRandom } from "../simulator/seeded-random.ts";
import { type Coordinate, isFiniteCoordinate } from "./coordinate.ts";
import { Vivaldi } from "./vivaldi.ts";

function at(vec: readonly number[], rest: Partial<Coordinate> = {}): Coordinate {
  return { vec, error: 1.5, adjustment: 0, height: 10e-6, ...rest };
}

function createNode(dimensions = 3): Vivaldi {
  return new Vivaldi(new SeededRandom(1), { dimensions });
}

describe("a node among others", () => {
  test("begins at the origin, of 8 dimensions, and trusts nothing", () => {
    const node = new Vivaldi(new SeededRandom(1));
    expect(node.coordinate).toEqual(at([0, 0, 0, 0, 0, 0, 0, 0]));
  });

  test("moves away from a node that answers more slowly than its distance says", () => {
    const node = createNode();
    expect(node.observe("above", at([0, 0, 0.001]), 0.002)).toBeUndefined();
    expect(node.coordinate.vec[2]).toBeLessThan(0);
    expect(node.coordinate.height).toBeGreaterThan(10e-6);
  });

  test("moves towards a node that answers faster, and no height falls below the least", () => {
    const node = createNode();
    node.observe("above", at([0, 0, 0.1]), 0.001);
    expect(node.coordinate.vec[2]).toBeGreaterThan(0);
    expect(node.coordinate.height).toBe(10e-6);
  });

  test("leaves a node that stands on it in some direction", () => {
    const node = createNode();
    node.observe("here", at([0, 0, 0]), 0.1);
    expect(Math.hypot(...node.coordinate.vec)).toBeGreaterThan(0.01);
  });

  test("believes a sure node more than an unsure one", () => {
    const moved = [0.01, 1.5].map((error) => {
      const node = createNode();
      node.observe("above", at([0, 0, 0.01], { error }), 0.1);
      return Math.abs(node.coordinate.vec[2]!);
    });
    expect(moved[0]).toBeGreaterThan(moved[1]!);
  });

  test("adds half of the mean difference as its adjustment, over the window", () => {
    const node = new Vivaldi(new SeededRandom(1), { dimensions: 1, adjustmentWindow: 2, coordinateStep: 0 });
    node.observe("a", at([0.1], { height: 0 }), 0.2);
    expect(node.coordinate.adjustment).toBeCloseTo(0.1 / 4, 4);
    node.observe("b", at([0.1], { height: 0 }), 0.3);
    expect(node.coordinate.adjustment).toBeCloseTo((0.1 + 0.2) / 4, 4);
    node.observe("c", at([0.1], { height: 0 }), 0.1);
    expect(node.coordinate.adjustment).toBeCloseTo(0.2 / 4, 4);
  });

  test("takes a round trip of nothing", () => {
    const node = createNode();
    expect(node.observe("near", at([0, 0, 0]), 0)).toBeUndefined();
    expect(isFiniteCoordinate(node.coordinate)).toBe(true);
  });

  test.each([
    ["dimensions aren't compatible", at([0, 0]), 0.25],
    ["dimensions aren't compatible", at([0, 0, 0, 0]), 0.25],
    ["coordinate is invalid", at([0, Number.NaN, 0]), 0.25],
    ["coordinate is invalid", at([0, Number.POSITIVE_INFINITY, 0]), 0.25],
    ["coordinate is invalid", at([0, 0, 0], { error: Number.NaN }), 0.25],
    ["coordinate is invalid", at([0, 0, 0], { adjustment: Number.NEGATIVE_INFINITY }), 0.25],
    ["coordinate is invalid", at([0, 0, 0], { height: Number.NaN }), 0.25],
    ["coordinate is invalid", at([0, 0, 0], { error: -1.5 }), 0.25],
    ["coordinate is invalid", at([0, 0, 0], { height: -1 }), 0.25],
    ["round trip time not in valid range, duration 11s is not a positive value less than 10s", at([0, 0, 0]), 11],
    ["round trip time not in valid range, duration -35s is not a positive value less than 10s", at([0, 0, 0]), -35],
  ])("refuses with %j and stays where it is", (problem, other, roundTripSeconds) => {
    const node = createNode();
    expect(node.observe("liar", other, roundTripSeconds)).toBe(problem);
    expect(node.coordinate).toEqual(at([0, 0, 0]));
  });

  test("begins anew when a number is too large to compute with, and is well the next time", () => {
    const node = createNode();
    expect(node.observe("far", at([1e200, 0, 0]), 0.1)).toBeUndefined();
    expect(node.coordinate).toEqual(at([0, 0, 0]));
    expect(node.resetCount).toBe(1);
    node.observe("near", at([0, 0, 0.001]), 0.002);
    expect(node.resetCount).toBe(1);
    expect(node.coordinate.vec[2]).toBeLessThan(0);
  });
});
