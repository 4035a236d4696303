/** Results of trials as a table for the page, and as a line or two while they come in. */

import type { EventCount } from "./ledger.ts";
import type { Telling, TrialResult } from "./trial.ts";

type Column = readonly [heading: string, cell: (result: TrialResult) => string];

const membership: readonly Column[] = [
  ["fault", ({ fault }) => fault],
  ["what happens", ({ title }) => title],
  ["for", (result) => seconds(result.seconds * 1000)],
  ["shown by", ({ evidence }) => evidence],
  ["false failures by ours / Debian's", ({ falseFailures }) => `${falseFailures.byOurs} / ${falseFailures.byDebian}`],
  ["the longest", ({ falseFailures: { longestMs } }) => (longestMs === 0 ? "" : seconds(longestMs))],
  ["all agreed after", ({ agreedAfterMs }) => (agreedAfterMs === undefined ? "NOT" : seconds(agreedAfterMs))],
  ["kept", ({ problems }) => (problems.length === 0 ? "yes" : "NO")],
];

const events: readonly Column[] = [
  ["fault", ({ fault }) => fault],
  ["events", (result) => result.events.accepted.toLocaleString("en-US")],
  ["lost at ours", ({ ours }) => share(ours.sound)],
  ["at Debian's", ({ debian }) => share(debian.sound)],
  ["missed by ours that were hit", ({ ours }) => share(ours.hit)],
  ["by Debian's", ({ debian }) => share(debian.hit)],
  ["told twice, ours / Debian's", ({ ours, debian }) => `${ours.twice} / ${debian.twice}`],
  ["again after a restart", ({ ours, debian }) => `${ours.again} / ${debian.again}`],
  ["ms to ours, p50 / p99", ({ ours }) => delays(ours)],
  ["to Debian's", ({ debian }) => delays(debian)],
];

/** What became of the members, and what of the events. */
export function formatResults(results: readonly TrialResult[]): string {
  return [membership, events].map((columns) => formatTable(columns, results)).join("\n\n");
}

function formatTable(columns: readonly Column[], results: readonly TrialResult[]): string {
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
