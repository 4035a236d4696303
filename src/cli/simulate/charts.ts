import { plot } from "simple-ascii-chart";
import type { Sample } from "../../simulator/observations.ts";

const width = 64;
const height = 9;

/** Agreement over time, for a terminal. */
export function agreementChart(samples: readonly Sample[]): string {
  const first = samples[0];
  const last = samples.at(-1);
  if (first === undefined || last === undefined || last.atMs <= first.atMs) return "Nothing has happened yet.";
  const line: [number, number][] = [];
  const spanMs = last.atMs - first.atMs;
  let next = 0;
  // One point a column: the worst agreement in its time.
  for (let column = 0; column < width; column++) {
    const untilMs = first.atMs + (spanMs * (column + 1)) / width;
    let worst = 1;
    for (; next < samples.length && samples[next]!.atMs <= untilMs; next++)
      worst = Math.min(worst, samples[next]!.agreement);
    line.push([untilMs / 1000, Math.floor(worst * 100)]);
  }
  const ticks = [0, 0.25, 0.5, 0.75, 1].map((share) => line[Math.round(share * (width - 1))]![0]);
  const chart = plot(line, {
    ...{ width, height, yRange: [0, 100], customYAxisTicks: [0, 25, 50, 75, 100], customXAxisTicks: ticks },
    formatter: (value, { axis }) => (axis === "y" ? `${value} %` : `${Math.round(value)} s`),
  });
  const lines = chart.split("\n").map((row) => row.trimEnd());
  return `How much of what nodes believe of each other is right, over time\n${lines.filter((row) => row !== "").join("\n")}`;
}
