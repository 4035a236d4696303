import { formatDuration } from "../base/duration.ts";
import { assert } from "../base/errors.ts";
import type { Random } from "../base/host.ts";
import {
  type Coordinate,
  coordinateProblem,
  distanceSeconds,
  isFiniteCoordinate,
  originCoordinate,
  rawDistanceSeconds,
} from "./coordinate.ts";
import { applyForce } from "./force.ts";
import { LatencyFilter } from "./latency-filter.ts";
import { type VivaldiOptions, vivaldiDefaults } from "./options.ts";

/** A round trip longer than this says nothing about the network. */
const roundTripSecondsMax = 10;

/** Round trips and errors are divided by: below this they count as this. */
const divisorMin = 1e-6;

/**
 * Finds where a node stands from round trips to others, of whom each tells where it believes to stand. Between any two nodes a
 * spring is as long as the round trip; every observation lets one spring push or pull this node a little, the more the surer
 * the other is of its place. Nobody sees the whole, and the springs come to rest.
 *
 * Vivaldi with heights, a median over the round trips to each node, an adjustment for what no Euclidean space can express, and
 * a little gravity, since otherwise all nodes together drift away; figures and order of steps as the reference.
 */
export class Vivaldi {
  private readonly options: VivaldiOptions;
  private readonly random: Random;
  private readonly origin: Coordinate;
  private readonly latencies: LatencyFilter;
  /** The last differences between round trip and distance, a ring; missing ones count as 0. */
  private readonly differences: number[];
  private differenceIndex = 0;
  private current: Coordinate;
  private resets = 0;

  /** `start` is where the node stood before, and must be valid; without it the node begins at the origin. */
  constructor(random: Random, options: Partial<VivaldiOptions> = {}, start?: Coordinate) {
    this.options = { ...vivaldiDefaults, ...options };
    assert(this.options.dimensions >= 1, "a space has at least one dimension");
    this.random = random;
    this.origin = originCoordinate(this.options);
    this.latencies = new LatencyFilter(this.options.latencyWindow);
    this.differences = new Array<number>(this.options.adjustmentWindow).fill(0);
    this.current = start ?? this.origin;
    assert(coordinateProblem(this.current, this.options.dimensions) === undefined, "the start is a valid coordinate");
  }

  get coordinate(): Coordinate {
    return this.current;
  }

  /** How often the computation went out of all bounds, and the node began anew at the origin. */
  get resetCount(): number {
    return this.resets;
  }

  /**
   * Takes in that `node`, which stands at `other` by its own word, answered in `roundTripSeconds`, and moves this node. Returns
   * why the observation was refused, if it was; then nothing has changed.
   */
  observe(node: string, other: Coordinate, roundTripSeconds: number): string | undefined {
    const problem = coordinateProblem(other, this.options.dimensions) ?? roundTripProblem(roundTripSeconds);
    if (problem !== undefined) return problem;
    const seconds = this.latencies.filter(node, roundTripSeconds);
    this.applySpring(other, seconds);
    this.applyAdjustment(other, seconds);
    this.applyGravity();
    // Finite numbers can be too large to compute with; starting anew costs less than carrying NaN to all others.
    if (!isFiniteCoordinate(this.current)) this.reset();
    return undefined;
  }

  /** Drops what is kept of a node that is gone. */
  forget(node: string): void {
    this.latencies.forget(node);
  }

  private applySpring(other: Coordinate, seconds: number): void {
    const { errorStep, coordinateStep, errorMax, heightMinSeconds } = this.options;
    const { error } = this.current;
    const distance = distanceSeconds(this.current, other);
    const roundTrip = Math.max(seconds, divisorMin);
    const wrongness = Math.abs(distance - roundTrip) / roundTrip;
    const weight = error / Math.max(error + other.error, divisorMin);
    const nextError = errorStep * weight * wrongness + error * (1 - errorStep * weight);
    const force = coordinateStep * weight * (roundTrip - distance);
    const moved = applyForce(this.current, force, other, heightMinSeconds, this.random);
    this.current = { ...moved, error: Math.min(nextError, errorMax) };
  }

  private applyAdjustment(other: Coordinate, seconds: number): void {
    const { adjustmentWindow } = this.options;
    if (adjustmentWindow === 0) return;
    this.differences[this.differenceIndex] = seconds - rawDistanceSeconds(this.current, other);
    this.differenceIndex = (this.differenceIndex + 1) % adjustmentWindow;
    const sum = this.differences.reduce((total, each) => total + each, 0);
    // Halved, because the other node adds its own half.
    this.current = { ...this.current, adjustment: sum / (2 * adjustmentWindow) };
  }

  private applyGravity(): void {
    const { gravityRhoSeconds, heightMinSeconds } = this.options;
    const pull = (distanceSeconds(this.origin, this.current) / gravityRhoSeconds) ** 2;
    this.current = applyForce(this.current, -pull, this.origin, heightMinSeconds, this.random);
  }

  private reset(): void {
    this.resets++;
    this.current = this.origin;
    // What led here would otherwise be in the mean for as many observations as the window is long.
    this.differences.fill(0);
  }
}

function roundTripProblem(seconds: number): string | undefined {
  if (seconds >= 0 && seconds <= roundTripSecondsMax) return undefined;
  const max = formatDuration(roundTripSecondsMax * 1000);
  return `round trip time not in valid range, duration ${formatDuration(seconds * 1000)} is not a positive value less than ${max}`;
}
