import { SerfError } from "./errors.ts";

/** What can be asked about the keys of a cluster, and what queries and RPC commands for it are called. */
export const keyCommands = {
  install: "install-key",
  use: "use-key",
  remove: "remove-key",
  list: "list-keys",
} as const;

/** What can be done to the keys of a cluster. A rotation installs the new key, uses it, and then removes the old one. */
export type KeyOperation = keyof typeof keyCommands;

/** What came of a change or a listing of keys. */
export interface KeyReport {
  /** How many members were expected to answer: those alive. */
  readonly nodeCount: number;
  readonly responseCount: number;
  readonly errorCount: number;
  /** By name of the node, of those that have something to say: why they failed, or that they did not answer. */
  readonly messages: ReadonlyMap<string, string>;
  /** Of a listing: on how many nodes each key is known, keys in base64. */
  readonly keys: ReadonlyMap<string, number>;
  /** Of a listing: how many nodes encrypt with each key. Empty in what an agent reports over RPC. */
  readonly primaryKeys: ReadonlyMap<string, number>;
  /** Undefined if every node answered and succeeded; else the reference's words, like "1/3 nodes reported failure". */
  readonly problem: string | undefined;
}

/** Not every member did what was asked of its keys; code KEYS_FAILED. `report` says which, and why. */
export class KeysError extends SerfError {
  readonly report: KeyReport;

  constructor(problem: string, report: KeyReport) {
    super("KEYS_FAILED", problem);
    this.name = "KeysError";
    this.report = report;
  }
}

/** Throws KeysError for a report of a problem. */
export function expectKeysDone(report: KeyReport): KeyReport {
  if (report.problem !== undefined) throw new KeysError(report.problem, report);
  return report;
}
