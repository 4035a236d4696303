/** Results of trials as a table for the page, and as a line or two while they come in. */

import type { Distribution } from "../../src/simulator/statistics.ts";
import type { EventCount } from "./ledger.ts";
import type { MeasuredResult } from "./results-file.ts";
import type { Telling, TrialResult } from "./trial.ts";

type Column = readonly [heading: string, cell: (result: MeasuredResult) => string];

const membership: readonly Column[] = [
  ["fault", ({ fault }) => fault],
  ["what happens", ({ title }) => title],
  ["for", (result) => seconds(result.seconds * 1000)],
  ["shown by", ({ evidence }) => evidence],
  ["false failures by ours / Debian's", ({ falseFailures }) => `${falseFailures.byOurs} / ${falseFailures.byDebian}`],
  ["the longest", ({ falseFailures: { longestMs } }) => (longestMs === 0 ? "" : seconds(longestMs))],
  ["all agreed after", ({ agreedAfterMs }) => (agreedAfterMs === undefined ? "NOT" : seconds(agreedAfterMs))],
  ["kept", ({ problems }) => (problems.length === 0 ? "yes" : "NO")],
  ["measured (UTC), version, load average before", measurement],
];

const events: readonly Column[] = [
  ["fault", ({ fault }) => fault],
  ["events", (result) => result.events.accepted.toLocaleString("en-US")],
  ["lost from ours to ours", ({ ours }) => share(ours.sound.ours)],
  ["Debian's to ours", ({ ours }) => share(ours.sound.debian)],
  ["ours to Debian's", ({ debian }) => share(debian.sound.ours)],
  ["Debian's to Debian's", ({ debian }) => share(debian.sound.debian)],
  ["missed by ours that were hit", ({ ours }) => share(ours.hit)],
  ["by Debian's", ({ debian }) => share(debian.hit)],
  ["told twice, ours / Debian's", ({ ours, debian }) => `${ours.twice} / ${debian.twice}`],
  ["again after a restart", ({ ours, debian }) => `${ours.again} / ${debian.again}`],
  ["ms from ours to ours, p50 / p99", ({ ours }) => delays(ours.delayMs.ours)],
  ["Debian's to ours", ({ ours }) => delays(ours.delayMs.debian)],
  ["ours to Debian's", ({ debian }) => delays(debian.delayMs.ours)],
  ["Debian's to Debian's", ({ debian }) => delays(debian.delayMs.debian)],
];

/** What became of the members, and what of the events. */
export function formatResults(results: readonly MeasuredResult[]): string {
  return [membership, events].map((columns) => formatTable(columns, results)).join("\n\n");
}

function formatTable(columns: readonly Column[], results: readonly MeasuredResult[]): string {
  const rows = [
    columns.map(([heading]) => heading),
    columns.map(() => "---"),
    ...results.map((result) => columns.map(([, cell]) => cell(result))),
  ];
  return rows.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

export function describeResult(result: TrialResult): string {
  const { ours, debian, falseFailures, events, agreedAfterMs, problems } = result;
  return [
    `  ${result.evidence}; ${events.accepted} events, ${events.refused} refused or unanswered; agreed after ${agreedAfterMs === undefined ? "NEVER" : seconds(agreedAfterMs)}`,
    `  lost: ${lost("ours", ours)}; ${lost("Debian's", debian)}; twice ${ours.twice} / ${debian.twice}, again ${ours.again} / ${debian.again}`,
    `  ms p50 / p99: to ours ${delays(ours.delayMs.ours)} from ours, ${delays(ours.delayMs.debian)} from Debian's; to Debian's ${delays(debian.delayMs.ours)}, ${delays(debian.delayMs.debian)}; false failures ${falseFailures.byOurs} / ${falseFailures.byDebian}, longest ${seconds(falseFailures.longestMs)}`,
    ...problems.map((problem) => `  BROKEN: ${problem}`),
  ].join("\n");
}

function lost(where: string, { sound, hit }: Telling): string {
  return `at ${where} ${share(sound.ours)} of ours, ${share(sound.debian)} of Debian's (${share(hit)} where hit)`;
}

function measurement({ measuredAt, version, load }: MeasuredResult): string {
  return `${measuredAt.slice(0, 16).replace("T", " ")}, ${version}, ${load.toFixed(1)}`;
}

function share({ due, lost }: EventCount): string {
  if (due === 0) return "";
  if (lost === 0) return "0";
  const percent = (100 * lost) / due;
  return `${percent < 0.01 ? "< 0.01" : percent.toFixed(2)} % (${lost.toLocaleString("en-US")})`;
}

function delays(delayMs: Distribution | undefined): string {
  return delayMs === undefined ? "" : `${Math.round(delayMs.median)} / ${Math.round(delayMs.p99)}`;
}

function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
