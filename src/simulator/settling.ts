import { utf8Decode } from "../base/bytes.ts";
import type { Simulation } from "./simulation.ts";

/** So many tries that succeed twice in three times fail all together once in a thousand million times. */
const patience = 20;

/**
 * How long a cluster may take to agree after its last fault, from what the protocol's constants say: all are probed, and suspicions run out; a
 * failed member is tried once in a reconnect interval, by somebody, with a chance of about 2 in 3; and everything is exchanged often enough to
 * reach everybody.
 */
export function settlingMs({ running, nodes }: Simulation): number {
  const serf = running[0]?.serf;
  if (serf === undefined) return 0;
  const { reconnectIntervalMs, leavePropagateDelayMs, broadcastTimeoutMs } = serf.options;
  const { options } = serf.memberlist;
  const digits = Math.max(1, Math.log10(nodes.length));
  const suspicions = options.suspicionMult * options.suspicionMaxTimeoutMult * digits;
  const detectionMs = options.probeIntervalMs * (nodes.length + suspicions);
  const doublings = Math.max(0, Math.ceil(Math.log2(nodes.length)) - 5) + 1;
  const exchangeMs = options.pushPullIntervalMs * doublings;
  return detectionMs + patience * (reconnectIntervalMs + exchangeMs) + 2 * (leavePropagateDelayMs + broadcastTimeoutMs);
}

/** Whether a node that starts with this snapshot knows whom to look for. */
export function namesOthers(snapshot: Uint8Array | undefined, self: string): boolean {
  if (snapshot === undefined) return false;
  const text = utf8Decode(snapshot);
  // After a leave a node starts alone, unless it was told otherwise.
  const lines = text.slice(text.lastIndexOf("\nleave\n") + 1).split("\n");
  return lines.some((line) => line.startsWith("alive: ") && !line.startsWith(`alive: ${self} `));
}
