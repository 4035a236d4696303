import type { VersionVector } from "../wire/messages.ts";

/** "none" appears only while a member is known by an intent alone. */
export const memberStatuses = ["none", "alive", "leaving", "left", "failed"] as const;
/** One of `memberStatuses`. "leaving": it said that it goes, and is still there. */
export type MemberStatus = (typeof memberStatuses)[number];

/** What a member says of itself to all others, at most 512 bytes encoded. */
export type Tags = Readonly<Record<string, string>>;

/** A member of the cluster as this node sees it: a read-only view that stays as it was when it was made. */
export interface SerfMember {
  readonly name: string;
  /** IP literal. */
  readonly address: string;
  readonly port: number;
  readonly tags: Tags;
  readonly status: MemberStatus;
  readonly versions: VersionVector;
}
