import type { Alive, NodeState, VersionVector } from "../wire/messages.ts";
import { unknownVersions } from "../wire/versions.ts";

/** A member as this node sees it: a read-only view that stays as it was when it was made. */
export interface Member {
  readonly name: string;
  /** IP literal. */
  readonly address: string;
  readonly port: number;
  /** What the layer above attached (Serf: its encoded tags), at most 512 bytes. */
  readonly meta: Uint8Array;
  readonly state: NodeState;
  readonly incarnation: number;
  readonly versions: VersionVector;
}

/** The member as an alive message describes it. Its meta is copied: the message's is a view of the packet it came in. */
export function claimedMember(alive: Alive): Member {
  const { node: name, address, port, meta, incarnation, versions = unknownVersions } = alive;
  return { name, address, port, meta: meta.slice(), incarnation, versions, state: "alive" };
}
