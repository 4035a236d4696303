/**
 * The accuracy that the reference demands of its coordinates, on the networks it draws. Its limits are set to what its one seed
 * just reaches; over seeds 1 to 60 its own code meets them with 58, 57, 78 and 90 % (line, grid, two centres, random). So here
 * the median over the seeds below has to meet them, and at least as many seeds as did when this was written.
 */

import { describe, expect, test } from "vitest";
import { type Coordinate, distanceSeconds, magnitude } from "../../src/coordinate/coordinate.ts";
import { Vivaldi } from "../../src/coordinate/vivaldi.ts";
import { SeededRandom } from "../../src/simulator/seeded-random.ts";
import { circle, grid, type LatencyMatrix, line, randomNetwork, split } from "./latency-matrices.ts";

const seeds = Array.from({ length: 20 }, (_, i) => i + 1);
const cycles = 1000;

interface Network {
  readonly random: SeededRandom;
  readonly truth: LatencyMatrix;
  readonly nodes: readonly Vivaldi[];
}

function createNetwork(
  truth: LatencyMatrix,
  seed: number,
  dimensions = 8,
  starts: readonly Coordinate[] = [],
): Network {
  const random = new SeededRandom(seed);
  const nodes = truth.map((_, i) => new Vivaldi(random, { dimensions }, starts[i]));
  return { random, truth, nodes };
}

/** In each cycle each node observes one other, drawn at random. */
function run({ random, truth, nodes }: Network, times: number): void {
  for (let cycle = 0; cycle < times; cycle++) {
    for (const [i, node] of nodes.entries()) {
      const j = random.below(nodes.length);
      if (j !== i) node.observe(`node-${j}`, nodes[j]!.coordinate, truth[i]![j]!);
    }
  }
}

/** Relative errors of the estimates, over all pairs. */
function measure({ truth, nodes }: Network): { readonly mean: number; readonly max: number } {
  const errors: number[] = [];
  for (const [i, one] of nodes.entries())
    for (const [j, other] of nodes.entries()) {
      const estimate = distanceSeconds(one.coordinate, other.coordinate);
      if (j > i) errors.push(Math.abs(estimate - truth[i]![j]!) / truth[i]![j]!);
    }
  return { mean: errors.reduce((sum, each) => sum + each) / errors.length, max: Math.max(...errors) };
}

function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  return (sorted[Math.floor((sorted.length - 1) / 2)]! + sorted[Math.ceil((sorted.length - 1) / 2)]!) / 2;
}

/** The middle of the box around all nodes: how far it is from the origin. */
function centreOffset(nodes: readonly Vivaldi[]): number {
  const vecs = nodes.map(({ coordinate }) => coordinate.vec);
  const middle = vecs[0]!.map((_, d) => {
    const components = vecs.map((vec) => vec[d]!);
    return (Math.min(...components) + Math.max(...components)) / 2;
  });
  return magnitude(middle);
}

interface Demand {
  readonly network: string;
  readonly truth: (seed: number) => LatencyMatrix;
  readonly meanMax: number;
  readonly maxMax: number;
  /** How many of the seeds must meet the demand. */
  readonly seedsMet: number;
}

const demands: readonly Demand[] = [
  {
    network: "a line",
    truth: () => line(10, 0.01),
    meanMax: 0.0031,
    maxMax: 0.013,
    seedsMet: 10,
  },
  {
    network: "a grid",
    truth: () => grid(25, 0.01),
    meanMax: 0.0016,
    maxMax: 0.023,
    seedsMet: 12,
  },
  {
    network: "two data centres",
    truth: () => split(25, 0.001, 0.01),
    meanMax: 0.00006,
    maxMax: 0.00048,
    seedsMet: 15,
  },
  {
    network: "random round trips",
    truth: (seed) => randomNetwork(25, 0.1, 0.01, new SeededRandom(seed, 1)),
    meanMax: 0.075,
    maxMax: 0.33,
    seedsMet: 18,
  },
];

describe("coordinates", () => {
  test.each(demands)("come to rest on $network", ({ truth, meanMax, maxMax, seedsMet }) => {
    const results = seeds.map((seed) => {
      const network = createNetwork(truth(seed), seed);
      run(network, cycles);
      return measure(network);
    });
    expect(median(results.map(({ mean }) => mean))).toBeLessThanOrEqual(meanMax);
    expect(median(results.map(({ max }) => max))).toBeLessThanOrEqual(maxMax);
    const met = results.filter(({ mean, max }) => mean <= meanMax && max <= maxMax);
    expect(met.length).toBeGreaterThanOrEqual(seedsMet);
    // Also where some nodes came to rest in a wrong place, the estimates are off by a hundredth in the mean.
    const worst = Math.max(...results.map(({ mean }) => mean));
    expect(worst).toBeLessThanOrEqual(Math.max(0.01, 1.1 * meanMax));
  });

  test("lift a node that is equally far from all others above them", () => {
    const radius = 0.1;
    const results = seeds.map((seed) => {
      const network = createNetwork(circle(25, radius), seed, 2);
      run(network, cycles);
      const [centre = 0, ...around] = network.nodes.map(({ coordinate }) => coordinate.height / radius);
      return { centre, around: Math.max(...around), ...measure(network) };
    });
    expect(Math.min(...results.map(({ centre }) => centre))).toBeGreaterThanOrEqual(0.97);
    expect(median(results.map(({ around }) => around))).toBeLessThanOrEqual(0.03);
    expect(median(results.map(({ max }) => max))).toBeLessThanOrEqual(0.064);
    // Here the reference's own median, over seeds 1 to 60, is 1.14 times its demand, and 15 % of its seeds meet all of it.
    expect(median(results.map(({ mean }) => mean))).toBeLessThanOrEqual(1.2 * 0.0028);
    const met = results.filter((each) => each.around <= 0.03 && each.mean <= 0.0028 && each.max <= 0.064);
    expect(met.length).toBeGreaterThanOrEqual(1);
  });

  test("drift back to the origin", () => {
    const side = 0.5;
    const corners = [
      [0, 0],
      [0, side],
      [side, side],
      [side, side],
    ];
    const starts = corners.map((vec) => ({ vec, error: 1.5, adjustment: 0, height: 10e-6 }));
    const truth = corners.map((_, i) =>
      corners.map((_, j) => {
        if (i === j) return 0;
        return i % 2 === 0 && j % 2 === 0 ? side * Math.SQRT2 : side;
      }),
    );
    const results = seeds.map((seed) => {
      const network = createNetwork(truth, seed, 2, starts);
      run(network, 1000);
      const before = centreOffset(network.nodes);
      run(network, 10_000);
      return centreOffset(network.nodes) / before;
    });
    expect(median(results)).toBeLessThanOrEqual(0.8);
    expect(Math.max(...results)).toBeLessThanOrEqual(0.81);
  });
});
