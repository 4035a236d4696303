/** What a benchmark found out: rows of figures, ours beside the reference's, with the bound to hold where there is one. */

export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
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

export function formatTable(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.what,
    `${figure(row.ours)} ${row.unit}`,
    row.reference === undefined ? "" : `${figure(row.reference)} ${row.unit}`,
    row.aim === undefined ? "" : `${row.aim.text}: ${row.aim.met ? "yes" : "NO"}`,
  ]);
  const all = [["", "serf-ts", "reference", "aim"], ...cells];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...all.map((row) => (row[column] ?? "").length)));
  const lines = all.map((row) => `| ${row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`);
  lines.splice(1, 0, `|${widths.map((width) => "-".repeat(width + 2)).join("|")}|`);
  return lines.join("\n");
}

/** Three significant digits: more would claim a precision that a run on a shared machine does not have. */
function figure(value: number): string {
  if (value >= 1000) return Math.round(Number(value.toPrecision(3))).toLocaleString("en-US");
  return String(Number(value.toPrecision(3)));
}
