/**
 * How the protocol's times and counts grow with the cluster. In all of them `nodeCount` is the number of members that are
 * listed, this node and the dead and left among them. The formulas are memberlist's, to the digit: two nodes that
 * disagree on them still work together, but their detection times could not be compared.
 */

/** Above this many nodes, push/pulls become rarer. */
const pushPullScaleThreshold = 32;

/**
 * How long a suspicion lasts at least: a member must have had time to hear of it and to refute it. `log10 n` is cut to three
 * decimals, as in the reference, where it passes through a whole number of thousandths.
 */
export function suspicionTimeoutMs(suspicionMult: number, nodeCount: number, probeIntervalMs: number): number {
  const thousandths = Math.floor(Math.max(1, Math.log10(Math.max(1, nodeCount))) * 1000);
  return (suspicionMult * thousandths * probeIntervalMs) / 1000;
}

/**
 * How many confirmations bring a suspicion down to its minimum: two fewer than the multiplier, because others' probes have
 * no known phase to ours. None are expected where there are too few nodes to give them (this node and the suspect do not
 * count).
 */
export function confirmationsWanted(suspicionMult: number, nodeCount: number): number {
  const wanted = Math.max(0, suspicionMult - 2);
  return nodeCount - 2 < wanted ? 0 : wanted;
}

/**
 * How long a suspicion lasts altogether, from its start, after so many confirmations (Lifeguard, section IV.B): each one
 * shortens it, the first most of all. In whole milliseconds. `wanted` is at least 1.
 */
export function confirmedTimeoutMs(confirmations: number, wanted: number, minMs: number, maxMs: number): number {
  const progress = Math.log(confirmations + 1) / Math.log(wanted + 1);
  return Math.max(minMs, Math.floor(maxMs - progress * (maxMs - minMs)));
}

/** How often a broadcast is sent before it is taken to have reached everybody. */
export function retransmitLimit(retransmitMult: number, nodeCount: number): number {
  return retransmitMult * Math.ceil(Math.log10(nodeCount + 1));
}

/** The time between push/pulls: doubled from the 33rd node on, tripled from the 65th, and so on with each doubling. */
export function pushPullIntervalMs(intervalMs: number, nodeCount: number): number {
  if (nodeCount <= pushPullScaleThreshold) return intervalMs;
  return intervalMs * (Math.ceil(Math.log2(nodeCount) - Math.log2(pushPullScaleThreshold)) + 1);
}
