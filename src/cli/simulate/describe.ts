import { formatDuration } from "../../base/duration.ts";
import type { ForecastOptions, ForecastReport } from "../../simulator/forecast.ts";
import type { Observations } from "../../simulator/observations.ts";
import type { RunReport } from "../../simulator/scenario-runner.ts";
import { type Distribution, distributionOf } from "../../simulator/statistics.ts";
import { columnize } from "../output.ts";

const distributionHead = "|first|half|90%|99%|last";

export function describeForecast(report: ForecastReport, { nodes, seed, kill }: ForecastOptions): string {
  const { formedAfterMs, quietLoad, dissemination, failures, falsePositives, simulatedMs, traceHash } = report;
  const facts = [`Simulated|${seconds(simulatedMs)}`, `Everybody knew everybody|${after(formedAfterMs)}`];
  if (quietLoad !== undefined) {
    const { bytesPerSecond, packetsPerSecond } = quietLoad;
    facts.push(
      `A node sends while nothing happens|${(bytesPerSecond / 1000).toFixed(2)} kB/s, ${packetsPerSecond.toFixed(1)} packets/s`,
    );
  }
  if (dissemination !== undefined)
    facts.push(`The event reached|${dissemination.afterMs?.count ?? 0} of ${dissemination.receivers} nodes`);
  if (failures !== undefined) facts.push(`Everybody noticed|${failures.knownToAll} of ${failures.killed} failures`);
  facts.push(`Living members called failed|${falsePositives} times`, `Seed and trace|${seed}, ${traceHash}`);
  const rows = [
    distributionRow("The event reached nodes after", dissemination?.afterMs),
    distributionRow("A failure was noticed by the first after", failures?.firstMs),
    distributionRow(`Of ${kill} failures, all nodes knew after`, failures?.allMs),
  ].filter((row) => row !== undefined);
  const parts = [columnize(facts)];
  if (rows.length > 0) parts.push(columnize([distributionHead, ...rows]));
  return [`${nodes} nodes`, ...parts].join("\n\n");
}

export function describeScenario(report: RunReport, observations: Observations, path: string): string {
  const { verdict, violations, simulatedMs, settledAfterMs, seed, traceHash, traffic } = report;
  const { detections, disseminations, falsePositives, firstDetectionMs, fullDetectionMs } = observations;
  const facts = [
    `Verdict|${verdict}`,
    `Simulated|${seconds(simulatedMs)}`,
    ...(settledAfterMs === undefined ? [] : [`All agreed after the last fault|${after(settledAfterMs)}`]),
    `Packets|${traffic.packets} sent, ${traffic.lost + traffic.cut + traffic.tooLong + traffic.queueFull} lost`,
    `Nodes that died|${detections.length}`,
    `User events sent|${disseminations.length}`,
    `Running members called failed|${falsePositives} times`,
    `Seed and trace|${seed}, ${traceHash}`,
  ];
  const rows = [
    distributionRow("Events reached nodes after", distributionOf(disseminations.flatMap(({ afterMs }) => afterMs))),
    distributionRow("Deaths were noticed by the first after", firstDetectionMs),
    distributionRow("Deaths were known to all after", fullDetectionMs),
  ].filter((row) => row !== undefined);
  const parts = [columnize(facts)];
  if (rows.length > 0) parts.push(columnize([distributionHead, ...rows]));
  for (const { checker, atMs, node, problem } of violations)
    parts.push(`${checker} at ${seconds(atMs)}${node === undefined ? "" : `, ${node}`}: ${problem}`);
  if (violations.length > 0) parts.push(`Again: serf simulate -scenario ${path} -seed ${seed}`);
  return parts.join("\n\n");
}

function distributionRow(what: string, distribution: Distribution | undefined): string | undefined {
  if (distribution === undefined) return undefined;
  const { min, median, p90, p99, max } = distribution;
  return [what, ...[min, median, p90, p99, max].map(seconds)].join("|");
}

function after(ms: number | undefined): string {
  return ms === undefined ? "not in the time there was" : `after ${seconds(ms)}`;
}

function seconds(ms: number): string {
  if (ms > 0 && ms < 100) return `${ms.toPrecision(2)} ms`;
  return ms < 10_000
    ? `${(ms / 1000).toFixed(2)} s`
    : ms < 600_000
      ? `${(ms / 1000).toFixed(1)} s`
      : formatDuration(Math.round(ms / 1000) * 1000);
}
