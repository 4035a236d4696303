/** What a benchmark found out: rows of figures, ours beside the reference's, with the bound to hold where there is one. */

export interface Row {
  readonly what: string;
  readonly unit: string;
  /** Undefined where only the others were asked for. */
  readonly ours: number | undefined;
  /** A cluster of both, where there was one. */
  readonly mixed?: number | undefined;
  /** Debian's serf, or what else the row compares with; undefined where there is nothing to compare with. */
  readonly reference?: number | undefined;
  /** The bound, and whether `ours` keeps it. */
  readonly aim?: { readonly text: string; readonly met: boolean };
}

export function atMost(ours: number, bound: number, text: string): { readonly text: string; readonly met: boolean } {
  return { text, met: ours <= bound };
}

export function atLeast(ours: number, bound: number, text: string): { readonly text: string; readonly met: boolean } {
  return { text, met: ours >= bound };
}

/** The column of mixed clusters is there only if a row has one. */
export function formatTable(rows: readonly Row[]): string {
  const hasMixed = rows.some(({ mixed }) => mixed !== undefined);
  const line = (what: string, ours: string, mixed: string, reference: string, aim: string) =>
    hasMixed ? [what, ours, mixed, reference, aim] : [what, ours, reference, aim];
  const all = [
    line("", "serf-ts", "both, half and half", "reference", "aim"),
    ...rows.map((row) =>
      line(
        row.what,
        withUnit(row.ours, row.unit),
        withUnit(row.mixed, row.unit),
        withUnit(row.reference, row.unit),
        row.aim === undefined ? "" : `${row.aim.text}: ${row.aim.met ? "yes" : "NO"}`,
      ),
    ),
  ];
  const widths = all[0]!.map((_, column) => Math.max(...all.map((row) => row[column]!.length)));
  const lines = all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column]!)).join(" | ")} |`);
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return lines.join("\n");
}

/** Empty for what was not measured. */
export function withUnit(value: number | undefined, unit: string): string {
  if (value === undefined) return "";
  return value === Number.POSITIVE_INFINITY ? "never" : `${figure(value)} ${unit}`;
}

/** Three significant digits: more would claim a precision that a run on a shared machine does not have. */
function figure(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
