/** Results of trials as a table for the page, and as a line or two while they come in. */

import type { EventCount } from "./ledger.ts";
import type { Telling, TrialResult } from "./trial.ts";

const header = [
  "fault",
  "for",
  "shown by",
  "events",
  "lost at ours",
  "lost at Debian's",
  "missed by ours that were hit",
  "by Debian's",
  "told twice, ours / Debian's",
  "again after a restart",
  "delay p50 / p99 at ours, ms",
  "false failures by ours / Debian's",
  "longest",
  "agreed after",
  "kept",
];

export function formatResults(results: readonly TrialResult[]): string {
  const rows = results.map((result) => [
    `${result.fault}: ${result.title}`,
    seconds(result.seconds * 1000),
    result.evidence,
    result.events.accepted.toLocaleString("en-US"),
    share(result.ours.sound),
    share(result.debian.sound),
    share(result.ours.hit),
    share(result.debian.hit),
    `${result.ours.twice} / ${result.debian.twice}`,
    `${result.ours.again} / ${result.debian.again}`,
    delays(result.ours),
    `${result.falseFailures.byOurs} / ${result.falseFailures.byDebian}`,
    result.falseFailures.longestMs === 0 ? "" : seconds(result.falseFailures.longestMs),
    result.agreedAfterMs === undefined ? "NOT" : seconds(result.agreedAfterMs),
    result.problems.length === 0 ? "yes" : "NO",
  ]);
  const lines = [header, header.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
  return lines.join("\n");
}

export function describeResult(result: TrialResult): string {
  const { ours, debian, falseFailures, events, agreedAfterMs, problems } = result;
  return [
    `  ${result.evidence}; ${events.accepted} events, ${events.refused} refused or unanswered; agreed after ${agreedAfterMs === undefined ? "NEVER" : seconds(agreedAfterMs)}`,
    `  lost: ours ${share(ours.sound)} (hit ${share(ours.hit)}), Debian's ${share(debian.sound)} (hit ${share(debian.hit)}); twice ${ours.twice} / ${debian.twice}, again ${ours.again} / ${debian.again}`,
    `  delay p50 / p99: ours ${delays(ours)} ms, Debian's ${delays(debian)} ms; false failures ${falseFailures.byOurs} / ${falseFailures.byDebian}, longest ${seconds(falseFailures.longestMs)}`,
    ...problems.map((problem) => `  BROKEN: ${problem}`),
  ].join("\n");
}

function share({ due, lost }: EventCount): string {
  if (due === 0) return "";
  if (lost === 0) return "0";
  const percent = (100 * lost) / due;
  return `${percent < 0.01 ? "< 0.01" : percent.toFixed(2)} % (${lost.toLocaleString("en-US")})`;
}

function delays({ delayMs }: Telling): string {
  return delayMs === undefined ? "" : `${Math.round(delayMs.median)} / ${Math.round(delayMs.p99)}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
