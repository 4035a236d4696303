/** The reference's output, character for character: scripts read it. */

import { messageOf } from "../base/errors.ts";
import { indentedJson } from "../base/go-json.ts";
import type { Terminal } from "./command.ts";

/** A thing that can be shown as text or as JSON. */
export interface Report {
  text(): string;
  /** Its keys in the order in which they are to appear. */
  json(): unknown;
}

/** Throws for a format that is neither "text" nor "json". */
export function formatReport(report: Report, format: string): string {
  if (format === "text") return trimSpace(report.text());
  if (format === "json") return indentedJson(report.json());
  throw new Error(`Invalid output format "${format}"`);
}

/** Prints the report and returns the exit code: 1, after saying so, where there is no such format. */
export function printReport(report: Report, format: string, terminal: Terminal): number {
  try {
    terminal.print(formatReport(report, format));
    return 0;
  } catch (error) {
    terminal.print(`Encoding error: ${messageOf(error)}`);
    return 1;
  }
}

/**
 * Lines of fields divided by "|", aligned in columns two spaces apart. Fields are trimmed; a "|" within one begins a new
 * column, as in the reference.
 */
export function columnize(lines: readonly string[]): string {
  const rows = lines.map((line) => line.split("|").map(trimSpace));
  const widths: number[] = [];
  for (const row of rows) {
    for (const [i, field] of row.entries()) widths[i] = Math.max(widths[i] ?? 0, [...field].length);
  }
  const render = (row: readonly string[]): string =>
    row.map((field, i) => (i === row.length - 1 ? field : padded(field, widths[i]!))).join("  ");
  return rows.map(render).join("\n");
}

/** In code points, not in UTF-16 units. */
function padded(field: string, width: number): string {
  return field + " ".repeat(width - [...field].length);
}

/** As Go's `strings.TrimSpace`, which counts U+0085 as a space and U+FEFF not. */
export function trimSpace(text: string): string {
  return text.replace(/^[\p{White_Space}]+|[\p{White_Space}]+$/gu, "");
}
