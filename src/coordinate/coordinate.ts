import { assert } from "../base/errors.ts";
import type { VivaldiOptions } from "./options.ts";

/**
 * Where a node stands in a space in which distances are round trip times. `height` is the way from the node to the network's
 * core, which every path of the node pays and no direction shortens.
 */
export interface Coordinate {
  /** Seconds in each dimension. */
  readonly vec: readonly number[];
  /** How little the node trusts this coordinate, from 0; a ratio. */
  readonly error: number;
  /** Seconds to add to every distance, of either sign: what a Euclidean space cannot express. */
  readonly adjustment: number;
  /** Seconds. */
  readonly height: number;
}

/** Where a node stands that has observed nothing. */
export function originCoordinate({ dimensions, errorMax, heightMinSeconds }: VivaldiOptions): Coordinate {
  return { vec: new Array<number>(dimensions).fill(0), error: errorMax, adjustment: 0, height: heightMinSeconds };
}

/** Neither NaN nor infinite in any part: one such number would spread through every node that believes it. */
export function isFiniteCoordinate({ vec, error, adjustment, height }: Coordinate): boolean {
  return vec.every(Number.isFinite) && [error, adjustment, height].every(Number.isFinite);
}

/**
 * Why a coordinate that a peer sent cannot be used, in the reference's words. Beyond the reference a negative error or height
 * is refused: no honest node has one, and it would turn the weights upside down.
 */
export function coordinateProblem(coordinate: Coordinate, dimensions: number): string | undefined {
  if (coordinate.vec.length !== dimensions) return "dimensions aren't compatible";
  if (!isFiniteCoordinate(coordinate) || coordinate.error < 0 || coordinate.height < 0) return "coordinate is invalid";
  return undefined;
}

/** The estimated round trip time, in seconds. Both coordinates must have the same dimensions. */
export function distanceSeconds(one: Coordinate, other: Coordinate): number {
  const raw = rawDistanceSeconds(one, other);
  const adjusted = raw + one.adjustment + other.adjustment;
  // Adjustments are means over other nodes, too; between these two they may overshoot, and then count for nothing.
  return adjusted > 0 ? adjusted : raw;
}

/** The distance without the adjustments, which must not feed on themselves. */
export function rawDistanceSeconds(one: Coordinate, other: Coordinate): number {
  assert(one.vec.length === other.vec.length, "coordinates of different dimensions were compared");
  return magnitude(difference(one.vec, other.vec)) + one.height + other.height;
}

export function difference(one: readonly number[], other: readonly number[]): number[] {
  return one.map((component, i) => component - other[i]!);
}

/** Not Math.hypot, which is an order of magnitude slower and rounds otherwise than the reference. */
export function magnitude(vec: readonly number[]): number {
  let sum = 0;
  for (const component of vec) sum += component * component;
  return Math.sqrt(sum);
}
