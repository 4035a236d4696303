import type { Random } from "../base/host.ts";
import type { SerfMember } from "./member.ts";

/**
 * Which failed member to try now, if any. All nodes together should try each failed member about once an interval: so each
 * node tries with probability failed / alive, and then one failed member drawn at random.
 */
export function decideReconnect(
  failed: readonly SerfMember[],
  aliveCount: number,
  random: Random,
): SerfMember | undefined {
  if (failed.length === 0) return undefined;
  if (random.fraction() > failed.length / Math.max(1, aliveCount)) return undefined;
  return failed[random.below(failed.length)];
}
