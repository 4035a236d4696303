/**
 * How a member's status changes. Two sources speak about a member: memberlist, which sees that it is up or gone, and
 * intents, which say that it meant to go. Only together do they tell a leave from a failure. All pure.
 */

import type { MemberStatus } from "./member.ts";

export interface KnownStatus {
  readonly status: MemberStatus;
  /** Lamport time of the newest intent about the member. */
  readonly statusTime: number;
}

/**
 * What to do with a leave intent. "refute": it is about this node, which is staying. "leaving", "left": take over the time and go to
 * that status. "witness": take over the time alone. Everything but "ignore" and "refute" is passed on to others.
 */
export type LeaveVerdict = "ignore" | "refute" | "leaving" | "left" | "witness";

export function decideLeave(known: KnownStatus, lamportTime: number, aboutUsWhileAlive: boolean): LeaveVerdict {
  // Somebody's claim can bear the time of our own last word, or of one that a push/pull made us take over: whoever heard the claim first
  // ignores what else is said of that time, so it takes a later word to be heard.
  if (aboutUsWhileAlive) return lamportTime >= known.statusTime ? "refute" : "ignore";
  if (lamportTime <= known.statusTime) return "ignore";
  switch (known.status) {
    case "alive":
      return "leaving";
    case "failed":
      return "left";
    default:
      // The time is taken over although nothing changes: otherwise two leave intents about one member are news to everybody
      // for ever, and the cluster drowns in its own repetitions (serf#606).
      return "witness";
  }
}

/** What to do with a join intent. "alive": the leave that was under way is older than this join, so it is off. */
export type JoinVerdict = "ignore" | "alive" | "witness";

export function decideJoin(known: KnownStatus, lamportTime: number): JoinVerdict {
  if (lamportTime <= known.statusTime) return "ignore";
  return known.status === "leaving" ? "alive" : "witness";
}

/**
 * The status of a member that memberlist says is gone; undefined if it was known to be gone already. `bySelf`: the member said so itself. Then it
 * left, though its intent, told just before, may come just after or not at all; for the reference it has failed.
 */
export function decideDeparture(status: MemberStatus, bySelf: boolean): "left" | "failed" | undefined {
  switch (status) {
    case "leaving":
      return "left";
    case "alive":
      return bySelf ? "left" : "failed";
    default:
      return undefined;
  }
}
