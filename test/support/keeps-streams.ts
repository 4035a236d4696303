import type { PingDelegate } from "../../src/memberlist/delegates.ts";

/** For a memberlist without Serf: its acks say that it keeps the streams of those who watch it, as Serf's do. */
export const keepsStreams: PingDelegate = {
  ackPayload: () => Uint8Array.of(1),
  pingCompleted: () => undefined,
  keepsStreams: (payload) => payload.length > 0,
};
