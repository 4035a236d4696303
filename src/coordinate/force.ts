import type { Random } from "../base/host.ts";
import { type Coordinate, difference, magnitude } from "./coordinate.ts";

/** Two nodes closer than this stand on each other, and no direction leads from one to the other. */
const togetherSeconds = 1e-6;

/**
 * `coordinate` after a push of `seconds` away from `other`, or a pull towards it where `seconds` is negative. The height takes
 * its part: a spring too short for its load also lifts both its ends.
 */
export function applyForce(
  coordinate: Coordinate,
  seconds: number,
  other: Coordinate,
  heightMinSeconds: number,
  random: Random,
): Coordinate {
  const between = difference(coordinate.vec, other.vec);
  const distance = magnitude(between);
  const apart = distance > togetherSeconds;
  const direction = apart ? scale(between, 1 / distance) : anyDirection(between.length, random);
  const lift = apart ? ((coordinate.height + other.height) * seconds) / distance : 0;
  return {
    ...coordinate,
    vec: coordinate.vec.map((component, i) => component + direction[i]! * seconds),
    height: apart ? Math.max(coordinate.height + lift, heightMinSeconds) : coordinate.height,
  };
}

/** A random unit vector: all nodes begin at the origin, and only chance can part them. */
function anyDirection(dimensions: number, random: Random): number[] {
  const drawn = Array.from({ length: dimensions }, () => random.fraction() - 0.5);
  const length = magnitude(drawn);
  return length > togetherSeconds ? scale(drawn, 1 / length) : drawn.map((_, i) => (i === 0 ? 1 : 0));
}

function scale(vec: readonly number[], factor: number): number[] {
  return vec.map((component) => component * factor);
}
