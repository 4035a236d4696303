import type { SerfMember } from "./member.ts";

/** What can become of a member: it came, left, failed, changed its tags, or was forgotten. */
export const memberEventKinds = [
  "member-join",
  "member-leave",
  "member-failed",
  "member-update",
  "member-reap",
] as const;
/** One of `memberEventKinds`. */
export type MemberEventKind = (typeof memberEventKinds)[number];

/** Something became of members: all of them the same. */
export interface MemberEvent {
  readonly kind: MemberEventKind;
  /** At least one; several after coalescing. */
  readonly members: readonly SerfMember[];
}

/** What somebody sent to every member by `userEvent`. */
export interface UserEvent {
  readonly kind: "user";
  readonly lamportTime: number;
  readonly name: string;
  readonly payload: Uint8Array;
  /** False: a coalescer must hand on every event of this name, not just the newest. */
  readonly coalesce: boolean;
}

/** A question to this node, to which the asker awaits an answer. */
export interface QueryEvent {
  readonly kind: "query";
  readonly lamportTime: number;
  readonly name: string;
  readonly payload: Uint8Array;
  /** Who asks. */
  readonly sourceNode: string;
  /** How long after its arrival the query can still be answered. */
  readonly timeoutMs: number;
  /**
   * Answers, once at most. Throws RESPONSE_TOO_LARGE, or QUERY_CLOSED if it was answered already or the time is up. Not to answer
   * is no mistake.
   */
  respond(payload: Uint8Array | string): void;
}

/** What a Serf tells whoever embeds it. */
export type SerfEvent = MemberEvent | UserEvent | QueryEvent;
