/**
 * What becomes of a peer's bad bytes: a value, never an exception. It is counted, logged once per peer and minute, and the
 * bytes have no other effect.
 */
export interface Rejected {
  readonly kind: "rejected";
  readonly reason: RejectionReason;
  /** One line for the log: what was read, what was expected, where. */
  readonly detail: string;
}

/** Stable words, used as metric names ("memberlist.rejected.truncated") and in tests. */
export type RejectionReason =
  /** The bytes end before what they announce. */
  | "truncated"
  /** A length, count, depth or inflated size beyond its limit. */
  | "too-large"
  /** Not MessagePack, a field of the wrong type, or a number outside its range. */
  | "malformed"
  /** A message kind, command or algorithm nobody defined. */
  | "unknown-kind"
  | "bad-checksum"
  /** No key of the keyring opens it. */
  | "undecryptable"
  /** Plain bytes where encryption is required. */
  | "not-encrypted"
  /** A cluster label that is missing, present although none is set, or another cluster's. */
  | "wrong-label"
  /** A protocol version this node does not speak. */
  | "version"
  /** An address outside the allowed networks. */
  | "not-allowed";

export function rejected(reason: RejectionReason, detail: string): Rejected {
  return { kind: "rejected", reason, detail };
}

export function isRejected(value: unknown): value is Rejected {
  return typeof value === "object" && value !== null && (value as { kind?: unknown }).kind === "rejected";
}
