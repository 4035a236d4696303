import type { NodeState, VersionVector } from "../wire/messages.ts";

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
