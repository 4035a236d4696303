import { describe, expect, test } from "vitest";
import { type Coordinate, distanceSeconds, rawDistanceSeconds } from "./coordinate.ts";

/** What the reference's own tests compute. */
const euclidean = 4.104875150354758;

const plain = { error: 1.5, adjustment: 0, height: 0 };
const one: Coordinate = { ...plain, vec: [-0.5, 1.3, 2.4] };
const other: Coordinate = { ...plain, vec: [1.2, -2.3, 3.4] };

describe("the distance between two coordinates", () => {
  test("is that of the vectors, either way", () => {
    expect(distanceSeconds(one, other)).toBeCloseTo(euclidean, 12);
    expect(distanceSeconds(other, one)).toBeCloseTo(euclidean, 12);
    expect(distanceSeconds(one, one)).toBe(0);
  });

  test("is longer by both heights and both adjustments", () => {
    const high = { ...one, height: 0.7, adjustment: 0.1 };
    const low = { ...other, height: 0.1, adjustment: 0.2 };
    expect(distanceSeconds(high, low)).toBeCloseTo(euclidean + 0.8 + 0.3, 12);
    expect(rawDistanceSeconds(high, low)).toBeCloseTo(euclidean + 0.8, 12);
  });

  test("does without adjustments that would make it negative", () => {
    expect(distanceSeconds({ ...one, adjustment: -1e6 }, other)).toBeCloseTo(euclidean, 12);
  });
});
