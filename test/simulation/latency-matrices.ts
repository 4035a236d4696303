/** Networks with known round trip times, as the reference's own tests of its coordinates draw them. Times in seconds. */

import type { Random } from "../../src/base/host.ts";

/** `matrix[i][j]` is the round trip between node i and node j: symmetric, and 0 on the diagonal. */
export type LatencyMatrix = readonly (readonly number[])[];

function createMatrix(nodes: number, between: (i: number, j: number) => number): LatencyMatrix {
  const matrix = Array.from({ length: nodes }, () => new Array<number>(nodes).fill(0));
  for (let i = 0; i < nodes; i++) for (let j = i + 1; j < nodes; j++) matrix[i]![j] = matrix[j]![i] = between(i, j);
  return matrix;
}

/** All nodes in a row. */
export function line(nodes: number, spacing: number): LatencyMatrix {
  return createMatrix(nodes, (i, j) => (j - i) * spacing);
}

/** Rows and columns of a square. */
export function grid(nodes: number, spacing: number): LatencyMatrix {
  const width = Math.floor(Math.sqrt(nodes));
  const [x, y] = [(i: number) => i % width, (i: number) => Math.floor(i / width)];
  return createMatrix(nodes, (i, j) => Math.hypot(x(i) - x(j), y(i) - y(j)) * spacing);
}

/** Two data centres. */
export function split(nodes: number, lan: number, wan: number): LatencyMatrix {
  const isLeft = (i: number) => i <= Math.floor(nodes / 2);
  return createMatrix(nodes, (i, j) => (isLeft(i) === isLeft(j) ? lan : lan + wan));
}

/** A circle around node 0, which is as far from each as they are from each other at most: only a height explains that. */
export function circle(nodes: number, radius: number): LatencyMatrix {
  const angle = (i: number) => (2 * Math.PI * i) / nodes;
  const chord = (i: number, j: number) =>
    Math.hypot(Math.cos(angle(i)) - Math.cos(angle(j)), Math.sin(angle(i)) - Math.sin(angle(j)));
  return createMatrix(nodes, (i, j) => (i === 0 ? 2 * radius : chord(i, j) * radius));
}

/** Normally distributed round trips, which no space can express. */
export function randomNetwork(nodes: number, mean: number, deviation: number, random: Random): LatencyMatrix {
  return createMatrix(nodes, () => mean + deviation * drawNormal(random));
}

/** By Box and Muller. */
function drawNormal(random: Random): number {
  return Math.sqrt(-2 * Math.log(1 - random.fraction())) * Math.cos(2 * Math.PI * random.fraction());
}
