import type { Observations } from "../../simulator/observations.ts";
import { renderPlot } from "./plots.ts";

/** One HTML page with all that there is to see. */
export function renderPage({
  title,
  text,
  observations,
}: {
  readonly title: string;
  readonly text: string;
  readonly observations: Observations;
}): string {
  const { samples, detections, disseminations } = observations;
  const plots = [
    renderPlot(
      "Beliefs of nodes about each other that are right",
      [{ name: "agreement", points: samples.map(({ atMs, agreement }) => [atMs / 1000, agreement * 100]) }],
      { x: "simulated seconds", y: "%" },
    ),
    renderPlot("What a node sends", [{ name: "load", points: load(samples) }], { x: "simulated seconds", y: "kB/s" }),
  ];
  const arrivals = disseminations.flatMap(({ afterMs }) => afterMs);
  if (arrivals.length > 0) {
    const receivers = disseminations.reduce((sum, one) => sum + one.receivers, 0);
    plots.push(
      renderPlot("Nodes that user events have reached", [{ name: "events", points: cumulative(arrivals, receivers) }], {
        x: "seconds after sending",
        y: "%",
      }),
    );
  }
  const noticed = detections.flatMap(({ afterMs }) => afterMs);
  if (noticed.length > 0) {
    const observers = detections.reduce((sum, one) => sum + one.observers, 0);
    plots.push(
      renderPlot("Nodes that know of failures", [{ name: "failures", points: cumulative(noticed, observers) }], {
        x: "seconds after the failure",
        y: "%",
      }),
    );
  }
  const style =
    "body{font:15px/1.5 system-ui,sans-serif;max-width:800px;margin:2em auto;padding:0 1em;color:#222}pre{background:#f5f5f5;padding:1em;overflow:auto}svg{max-width:100%;height:auto}";
  return [
    `<!doctype html>\n<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>${escapeHtml(title)}</title><style>${style}</style></head>`,
    `<body><h1>${escapeHtml(title)}</h1>`,
    `<pre>${escapeHtml(text)}</pre>`,
    ...plots.map((svg) => `<figure>${svg}</figure>`),
    "</body></html>\n",
  ].join("\n");
}

function load(samples: Observations["samples"]): [number, number][] {
  return samples.slice(1).map(({ atMs, bytes, running }, index) => {
    const before = samples[index]!;
    return [atMs / 1000, (bytes - before.bytes) / Math.max(1, atMs - before.atMs) / Math.max(1, running)];
  });
}

function cumulative(timesMs: readonly number[], total: number): [number, number][] {
  const sorted = Float64Array.from(timesMs).sort();
  const points = Array.from(sorted, (ms, index): [number, number] => [ms / 1000, (100 * (index + 1)) / total]);
  return [[0, 0], ...points];
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);
}
