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

/** What a Serf tells whoever embeds it. Queries join this union with their own room. */
export type SerfEvent = MemberEvent | UserEvent;
