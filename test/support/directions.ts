/** Which kind of agent plays which part. The same scenario runs with the parts exchanged. */

import type { Kind } from "./serf-command.ts";

export interface Direction {
  readonly title: string;
  /** The agent that is there first. */
  readonly founder: Kind;
  /** The agent that joins it. */
  readonly newcomer: Kind;
}

const both: readonly Direction[] = [
  { title: "ours joins Debian's", founder: "debian", newcomer: "ours" },
  { title: "Debian's joins ours", founder: "ours", newcomer: "debian" },
];

/** The reference with itself: shows that an expectation is the reference's own. Wanted when a scenario is written, or doubted. */
const control: readonly Direction[] = [{ title: "Debian's joins Debian's", founder: "debian", newcomer: "debian" }];

const withControl = process.env["SERF_TS_INTEROP_CONTROL"] === "1";

/** Both directions; with SERF_TS_INTEROP_CONTROL=1 also Debian's agent with itself. */
export const directions: readonly Direction[] = [...both, ...(withControl ? control : [])];

/** A 32-byte key, and nothing. */
export const keys: readonly { readonly title: string; readonly key: string | undefined }[] = [
  { title: "plain", key: undefined },
  { title: "encrypted", key: "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=" },
];

export interface Pairing {
  readonly title: string;
  readonly command: Kind;
  readonly agent: Kind;
}

/** Whose command line talks to whose agent. The first is the reference with itself. */
export const pairings: readonly Pairing[] = [
  { title: "Debian's command, Debian's agent", command: "debian", agent: "debian" },
  { title: "our command, Debian's agent", command: "ours", agent: "debian" },
  { title: "Debian's command, our agent", command: "debian", agent: "ours" },
  { title: "our command, our agent", command: "ours", agent: "ours" },
];
