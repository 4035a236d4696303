import { encodeMessage } from "../wire/codecs.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import { StreamConversation, type StreamOutcome } from "./stream-client.ts";

/** What came of a stream to a member that does not answer packets. */
export type CheckResult =
  /** Its host is up and nobody listens. */
  | "refused"
  /** Somebody is there, and speaks. */
  | "answered"
  /** It was connected to and did not answer: slow, stopped, or behind a proxy. */
  | "silent"
  /** Nothing came back in time. */
  | "unreachable";

/** Sends a ping over a stream. `done` is called once, never synchronously, and not after `abandon`. */
export function checkRefusal(
  around: Foundations,
  target: Member,
  done: (result: CheckResult) => void,
): StreamConversation {
  const sequence = 0; // The answer comes over the stream: nobody else is waiting for it.
  return new StreamConversation(around, {
    to: { address: target.address, port: target.port },
    compose: () => encodeMessage(composePing(around, sequence, target.name)),
    answered: true,
    limitMs: around.options.probeTimeoutMs,
    done: (outcome) => done(resultOf(outcome)),
  });
}

function resultOf(outcome: StreamOutcome): CheckResult {
  if (outcome.kind === "reply") return "answered";
  // A proxy that accepts a stream and resets it then says nothing of who is behind it.
  if (outcome.kind === "closed" || outcome.opened) return "silent";
  return outcome.failure?.kind === "refused" ? "refused" : "unreachable";
}
