import { boolean, durationMs, integer, option } from "../base/options.ts";

const minuteMs = 60_000;

/** Of the fast path to a failed member: see `CrashWatch`. Defaults are those of the profile "lan". */
export const fastFailureOptions = {
  fastFailure: option(
    boolean(),
    true,
    "Declares a member failed within some 1.3 s when its process is gone while its host lives: the host refuses streams, twice, others confirm that they do not reach the member either, and it does not refute. Off, or without streamPings or probing, members fail by the timers alone.",
  ),
  fastFailureIntervalMs: option(
    durationMs(50, minuteMs),
    750,
    "After how long a silence a member that this node watches closely is pinged, unless a stream is kept open to it. Lower detects crashes sooner and costs packets.",
  ),
  fastFailureWatchers: option(
    integer(0, 32),
    4,
    "How many others watch each member closely. With 0, only members whose ordinary probe meets a refusal are judged by the fast path.",
  ),
  fastFailureStreams: option(
    boolean(),
    true,
    "Keeps a stream open to each closely watched member that does the same, in the place of pings: its kernel ends the stream when the process dies. Off, these are pinged, too.",
  ),
  fastFailureDwellMs: option(
    durationMs(1_000, 10 * minuteMs),
    1_000,
    "How long a member's host must refuse streams before the member is declared failed. Choose more where processes are started again within seconds and that is to go unnoticed.",
  ),
  fastFailureConfirmations: option(
    integer(1, 16),
    2,
    "How many other members must say that they do not reach the member either. In a cluster of three the third one is enough; in one of two the fast path is off.",
  ),
  fastFailureTruceMs: option(
    durationMs(0, 24 * 60 * minuteMs),
    10 * minuteMs,
    "For how long the fast path leaves a member alone that was declared failed and refuted that within the time that the timers would have given it.",
  ),
};
