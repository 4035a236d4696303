import { createHash } from "node:crypto";
import type { SerfMember } from "serf-ts";

/**
 * Whose key it is: the member with the highest score for it (rendezvous hashing). Everybody who sees the same members finds the same
 * owner without asking, and when a member goes only its keys find another.
 */
export function ownerOf(key: string, members: readonly SerfMember[]): SerfMember | undefined {
  return members.toSorted((a, b) => scoreOf(key, b) - scoreOf(key, a) || (a.name < b.name ? -1 : 1))[0];
}

function scoreOf(key: string, { name }: SerfMember): number {
  return createHash("sha256").update(`${name}\0${key}`).digest().readUIntBE(0, 6);
}
