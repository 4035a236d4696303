/** Results kept in a file over many runs, a row for each fault: the whole table can be made in several sittings. */

import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { faults } from "./faults.ts";
import type { TrialResult } from "./trial.ts";

/** A result and what has to be known to weigh it against others. */
export interface MeasuredResult extends TrialResult {
  /** When the fault was begun, in UTC. */
  readonly measuredAt: string;
  /** The commit that was run; with "+" if files had changed since. */
  readonly version: string;
  /** The load average of the minute before the agents were started. */
  readonly load: number;
  readonly agents: number;
  readonly eventsPerSecond: number;
}

const order = faults.map(({ name }) => name);

/** Rows of the file, none if there is no such file. Throws if it holds anything but rows of known faults. */
export function readResults(path: string): readonly MeasuredResult[] {
  if (!existsSync(path)) return [];
  const rows: unknown = JSON.parse(readFileSync(path, "utf8"));
  if (!Array.isArray(rows) || !rows.every(isMeasured))
    throw new Error(`${path} does not hold results of this version; move it away to begin a new table`);
  return rows;
}

/** Atomically, so that a run that is broken off leaves the rows of before. */
export function writeResults(path: string, rows: readonly MeasuredResult[]): void {
  const temporary = `${path}.new`;
  writeFileSync(temporary, `${JSON.stringify(rows, null, 2)}\n`);
  renameSync(temporary, path);
}

/** A fault has one row, the last, and rows are in the order of the faults. */
export function withResult(rows: readonly MeasuredResult[], row: MeasuredResult): readonly MeasuredResult[] {
  return [...rows.filter(({ fault }) => fault !== row.fault), row].sort(
    (one, other) => order.indexOf(one.fault) - order.indexOf(other.fault),
  );
}

function isMeasured(row: unknown): row is MeasuredResult {
  if (typeof row !== "object" || row === null) return false;
  const { fault, measuredAt, problems } = row as Partial<Record<keyof MeasuredResult, unknown>>;
  return order.includes(String(fault)) && typeof measuredAt === "string" && Array.isArray(problems);
}
