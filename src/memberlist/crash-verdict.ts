import { unreachable } from "../base/errors.ts";

/** One thing learnt about a member whose host is up and whose process may be gone. Times are monotonic. */
export type CrashEvidence =
  /** It did not answer a ping, and its host refused a stream: nobody listens there. A slow or stopped process would have been connected to. */
  | { readonly kind: "refused"; readonly atMs: number }
  /** Another member says that it does not reach it either: by a nack, or by suspecting it. */
  | { readonly kind: "confirmed"; readonly by: string }
  /** This node has told everybody, the member too, that it suspects it: from now on it can refute. */
  | { readonly kind: "suspected"; readonly atMs: number }
  /** An ack, an answer over a stream, any packet from it, or a newer alive message. */
  | { readonly kind: "life" }
  /** A stream that came about and brought no answer, or that nobody refused in time: slow, stopped, or out of reach. */
  | { readonly kind: "doubt" };

export interface CrashRules {
  /** How far apart the first and the last refusal are at least. */
  readonly dwellMs: number;
  /** How long the member had to refute at least. */
  readonly noticeMs: number;
  /** How many others must say the same; at least 1. */
  readonly confirmations: number;
}

export type CrashVerdict =
  | { readonly kind: "open" }
  /** Others do not reach it either: suspect it, and tell it so. */
  | { readonly kind: "suspect" }
  | { readonly kind: "crashed"; readonly confirmations: number }
  /** Nothing for the fast path: the probes and their timers decide. */
  | { readonly kind: "cleared"; readonly by: "life" | "doubt" };

/**
 * Whether a member has crashed, from what is known so far. It has if its host refused streams throughout the dwell time, if enough others do
 * not reach it either, and if it did not refute although it was told. One sign of life, or one doubt, ends it.
 *
 * Each rule stands against one way to be wrong. Two refusals: a process that is being started again. A refusal instead of silence: a
 * process that is slow or stopped. Others: a firewall between this node and the member. The notice: others that are wrong too, by loss.
 */
export function decideCrash(evidence: readonly CrashEvidence[], rules: CrashRules): CrashVerdict {
  let firstRefusedMs: number | undefined;
  let lastRefusedMs = Number.NEGATIVE_INFINITY;
  let suspectedMs: number | undefined;
  const confirmers = new Set<string>();
  for (const item of evidence) {
    switch (item.kind) {
      case "life":
      case "doubt":
        return { kind: "cleared", by: item.kind };
      case "refused":
        firstRefusedMs ??= item.atMs;
        lastRefusedMs = item.atMs;
        break;
      case "confirmed":
        confirmers.add(item.by);
        break;
      case "suspected":
        suspectedMs ??= item.atMs;
        break;
      default:
        unreachable(item);
    }
  }
  if (firstRefusedMs === undefined || confirmers.size < Math.max(1, rules.confirmations)) return { kind: "open" };
  if (suspectedMs === undefined) return { kind: "suspect" };
  const dwelt = lastRefusedMs - firstRefusedMs >= rules.dwellMs;
  const noticed = lastRefusedMs - suspectedMs >= rules.noticeMs;
  return dwelt && noticed ? { kind: "crashed", confirmations: confirmers.size } : { kind: "open" };
}
