import { unreachable } from "../base/errors.ts";

/** One thing learnt while probing a member. */
export type Evidence =
  /** The member answered a packet, directly or through a relay: after the ping timeout the two cannot be told apart. */
  | { readonly kind: "ack"; readonly atMs: number }
  /** A relay works, and did not reach the member either. */
  | { readonly kind: "nack" }
  /** The member answered over a stream, where packets failed. */
  | { readonly kind: "stream-ack" }
  /** The member's host is up, and nobody listens at its port. A probe concludes nothing from it: see `decideCrash`. */
  | { readonly kind: "refused"; readonly path: "packet" | "stream" }
  /** The ping did not even leave this host. */
  | { readonly kind: "unsent" }
  | { readonly kind: "timeout"; readonly of: "ping" | "stream" | "probe" };

export type ProbeVerdict =
  /** Not decided yet. */
  | { readonly kind: "open" }
  /** `healthDelta` is what the probe says about this node's own health: see `Awareness`. */
  | { readonly kind: "alive"; readonly by: "packet" | "stream"; readonly healthDelta: number }
  | { readonly kind: "suspect"; readonly healthDelta: number };

/**
 * The conclusion from what a probe has learnt so far. An answer by packet ends a probe at once. An answer over a stream
 * counts only when the time is up, so that a late packet may still show that packets do get through.
 *
 * The health deltas are Lifeguard's. A probe that succeeds makes this node healthier by one. After one that failed, each relay
 * that was asked for a nack and stayed silent counts against this node: not only the probed member was out of its reach.
 * Where nobody could have sent a nack, a failed probe itself counts one.
 */
export function decideProbe(evidence: readonly Evidence[], nacksExpected: number): ProbeVerdict {
  let sent = true;
  let nacks = 0;
  let streamAnswered = false;
  let timeUp = false;
  for (const item of evidence) {
    switch (item.kind) {
      case "ack":
        return { kind: "alive", by: "packet", healthDelta: sent ? -1 : 0 };
      case "nack":
        nacks += 1;
        break;
      case "stream-ack":
        streamAnswered = true;
        break;
      case "unsent":
        sent = false;
        break;
      case "timeout":
        timeUp ||= item.of === "probe";
        break;
      case "refused":
        break;
      default:
        unreachable(item);
    }
  }
  if (!timeUp) return { kind: "open" };
  if (streamAnswered) return { kind: "alive", by: "stream", healthDelta: sent ? -1 : 0 };
  return { kind: "suspect", healthDelta: nacksExpected > 0 ? Math.max(0, nacksExpected - nacks) : 1 };
}
