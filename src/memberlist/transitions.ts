/**
 * The heart of SWIM: what to believe. Given what this node knows of a member and what a message says of it, these functions
 * decide what becomes of both. They change nothing; the memberlist carries the verdicts out. Every rule is memberlist's:
 * nodes that judged differently would never agree.
 */

import { bytesEqual } from "../base/bytes.ts";
import { unreachable } from "../base/errors.ts";
import type { Alive, Dead, NodeState, NodeStateRecord, Suspect, VersionVector } from "../wire/messages.ts";
import { isPlausible, sameVersions } from "../wire/versions.ts";
import type { BroadcastOrigin } from "./broadcast-queue.ts";

/** The largest incarnation that fits the wire's u32. */
const incarnationMax = 0xffff_ffff;

/** What this node knows of the member a message is about. */
export interface LocalNode {
  readonly address: string;
  readonly port: number;
  readonly meta: Uint8Array;
  readonly versions: VersionVector;
  readonly state: NodeState;
  readonly incarnation: number;
  /** Monotonic. */
  readonly stateChangedMs: number;
}

/** What else a verdict depends on. */
export interface Circumstances {
  /** This node's own name. */
  readonly localName: string;
  /** This node has begun to leave, or has left. */
  readonly leaving: boolean;
}

/**
 * Where an alive message comes from: this node's own announcement, others, the push/pull by which a node that knew nobody came to know all, or
 * others while it is known of a dead member of that name that nobody listens at its address any more.
 */
export type AliveSource = "bootstrap" | "heard" | "introduced" | "successor";

export interface AliveCircumstances extends Circumstances {
  readonly source: AliveSource;
  readonly nowMs: number;
  /** After how long a dead member's name is free for somebody at another address; 0: never. */
  readonly reclaimMs: number;
  isAddressAllowed(address: string): boolean;
  /** The layer above's say, where it wants one: a text ignores the message and is the reason. */
  readonly veto: ((alive: Alive) => string | undefined) | undefined;
}

/** Nothing changes. */
export interface Ignored {
  readonly kind: "ignore";
  readonly reason: IgnoreReason;
  /** For the log, where somebody should look into it: a line without its prefix. */
  readonly warning?: string;
}

export type IgnoreReason =
  /** It is older than what is known, or the same. */
  | "old"
  /** Nothing is known of the member; only an alive message introduces one. */
  | "unknown"
  /** A dead member can neither be suspected nor die again. */
  | "gone"
  /** It calls this node alive, which is leaving. */
  | "leaving"
  | "bad-versions"
  | "vetoed"
  | "not-allowed";

/** It is wrong about this node, which must say so with an incarnation above `accused`: see `incarnationToRefute`. */
export interface Refute {
  readonly kind: "refute";
  readonly accused: number;
}

export type AliveVerdict =
  | Ignored
  | Refute
  /** A member nobody knew: add it. */
  | { readonly kind: "new" }
  /** Take over what it says. `change` is what the layer above is told. */
  | { readonly kind: "update"; readonly change: "joined" | "updated" | "nothing" }
  /** As "update" with "joined", and the name moves to another address: whoever had it is gone. */
  | { readonly kind: "reclaim" }
  /** Somebody at another address uses a name that is taken. */
  | { readonly kind: "conflict" };

export type SuspectVerdict =
  | Ignored
  | Refute
  /** Already under suspicion: count it as a confirmation, and pass it on if it is a new one. */
  | { readonly kind: "confirm" }
  | { readonly kind: "suspect" };

export type DeadVerdict =
  | Ignored
  | Refute
  /** The member is gone: it failed, or it left, in which case it says so itself. */
  | { readonly kind: "gone"; readonly state: "dead" | "left" };

const old: Ignored = { kind: "ignore", reason: "old" };
const unknown: Ignored = { kind: "ignore", reason: "unknown" };
const gone: Ignored = { kind: "ignore", reason: "gone" };
const leavingOurselves: Ignored = { kind: "ignore", reason: "leaving" };

export function decideAlive(
  local: LocalNode | undefined,
  alive: Alive,
  circumstances: AliveCircumstances,
): AliveVerdict {
  const aboutUs = alive.node === circumstances.localName;
  // One that was under way when we began to leave would make us a member again.
  if (aboutUs && circumstances.leaving) return leavingOurselves;
  const objection = findObjection(alive, circumstances);
  if (objection !== undefined) return objection;
  if (local === undefined) return decideNew(alive, circumstances);
  const moved = local.address !== alive.address || local.port !== alive.port;
  if (moved) return decideMoved(local, alive, circumstances);
  if (aboutUs) return decideAliveAboutUs(local, alive, circumstances.source === "bootstrap");
  if (alive.incarnation <= local.incarnation) return old;
  return { kind: "update", change: changeSeen(local, alive) };
}

export function decideSuspect(
  local: LocalNode | undefined,
  suspect: Suspect,
  circumstances: Circumstances,
): SuspectVerdict {
  if (local === undefined) return unknown;
  if (suspect.incarnation < local.incarnation) return old;
  switch (local.state) {
    case "suspect":
      return { kind: "confirm" };
    case "dead":
    case "left":
      return gone;
    case "alive":
      if (suspect.node === circumstances.localName) return { kind: "refute", accused: suspect.incarnation };
      return { kind: "suspect" };
    default:
      return unreachable(local.state);
  }
}

export function decideDead(local: LocalNode | undefined, dead: Dead, circumstances: Circumstances): DeadVerdict {
  if (local === undefined) return unknown;
  if (dead.incarnation < local.incarnation) return old;
  if (isGone(local.state)) return gone;
  if (dead.node === circumstances.localName && !circumstances.leaving) {
    return { kind: "refute", accused: dead.incarnation };
  }
  return { kind: "gone", state: dead.node === dead.from ? "left" : "dead" };
}

/** Somebody's word that a member died which lives as far as is known here: nobody here had heard of a suspicion. */
export function isHearsay({ from, node }: Dead, local: LocalNode | undefined): boolean {
  return from !== node && local?.state === "alive";
}

/** The incarnation with which a node refutes: above both its own and the one it is accused under. */
export function incarnationToRefute(current: number, accused: number): number {
  // Beyond the largest there is none; repeating it is the best that can be said, where the reference would start again at 0.
  return Math.min(incarnationMax, Math.max(current, accused) + 1);
}

/**
 * What an entry of a state exchange amounts to as a message. That somebody else holds a member for dead is not taken at its
 * word: this node suspects it instead, so that the member gets its chance to refute. Who left, left.
 */
export function messageOfRecord(record: NodeStateRecord, localName: string): Alive | Suspect | Dead {
  const { name: node, incarnation } = record;
  switch (record.state) {
    case "alive": {
      const { address, port, meta, versions } = record;
      return { kind: "alive", incarnation, node, address, port, meta, versions };
    }
    case "left":
      return { kind: "dead", incarnation, node, from: node };
    case "dead":
    case "suspect":
      return { kind: "suspect", incarnation, node, from: localName };
    default:
      return unreachable(record.state);
  }
}

/**
 * Whether what was heard of a member, in a state exchange or by gossip, would change nothing, whatever the circumstances. With thousands
 * of members nearly all of it is of this kind, and this is all that is done with it: nothing is allocated.
 * `localState` and `localIncarnation` are this node's view of the member; `sameAddress` is whether both place it at the same.
 */
export function isOldNews(
  state: NodeState,
  incarnation: number,
  localState: NodeState,
  localIncarnation: number,
  sameAddress: boolean,
  aboutUs: boolean,
): boolean {
  switch (state) {
    case "alive":
      return sameAddress && !aboutUs && incarnation <= localIncarnation;
    case "suspect":
    case "dead":
    case "left":
      return incarnation < localIncarnation || isGone(localState);
    default:
      return unreachable(state);
  }
}

function findObjection(alive: Alive, circumstances: AliveCircumstances): Ignored | undefined {
  const { versions } = alive;
  if (versions !== undefined && !isPlausible(versions)) {
    const { protocolMin: min, protocolMax: max, protocolCurrent: current } = versions;
    const problem = `because protocol version(s) are wrong: ${min} <= ${current} <= ${max} should be >0`;
    return ignoring("bad-versions", `Ignoring an alive message for '${alive.node}' (${placeOf(alive)}) ${problem}`);
  }
  if (circumstances.veto === undefined) return undefined;
  if (versions === undefined) {
    const problem = "because Vsn is not present";
    return ignoring("bad-versions", `ignoring alive message for '${alive.node}' (${placeOf(alive)}) ${problem}`);
  }
  const veto = circumstances.veto(alive);
  return veto === undefined ? undefined : ignoring("vetoed", `ignoring alive message for '${alive.node}': ${veto}`);
}

function decideNew(alive: Alive, circumstances: AliveCircumstances): AliveVerdict {
  if (!circumstances.isAddressAllowed(alive.address)) {
    const problem = `${alive.address} is not allowed`;
    return ignoring("not-allowed", `Rejected node ${alive.node} (${alive.address}): ${problem}`);
  }
  // Nobody can introduce us to ourselves: before our own announcement there is nothing to be right or wrong about.
  if (alive.node === circumstances.localName && circumstances.source !== "bootstrap") return unknown;
  // Incarnations begin at 1; 0 is less than any node says of itself.
  return alive.incarnation === 0 ? old : { kind: "new" };
}

/** Looked at before the incarnation: that somebody uses a name that is taken is worth knowing however old the news. */
function decideMoved(local: LocalNode, alive: Alive, circumstances: AliveCircumstances): AliveVerdict {
  if (!circumstances.isAddressAllowed(alive.address)) {
    const problem = `${alive.address} is not allowed`;
    const change = `from ${alive.node} to ${local.address}: ${alive.address} for node ${problem}`;
    return ignoring("not-allowed", `Rejected IP update ${change}`);
  }
  const { nowMs, reclaimMs, source } = circumstances;
  const isDeadForLong = reclaimMs > 0 && nowMs - local.stateChangedMs > reclaimMs;
  const abandoned = local.state === "dead" && (isDeadForLong || source === "successor");
  // Even with a lower incarnation: the newcomer cannot know how far its predecessor had counted.
  return local.state === "left" || abandoned ? { kind: "reclaim" } : { kind: "conflict" };
}

function decideAliveAboutUs(local: LocalNode, alive: Alive, bootstrap: boolean): AliveVerdict {
  if (alive.incarnation < local.incarnation) return old;
  if (bootstrap) return { kind: "update", change: changeSeen(local, alive) };
  // After a restart with other tags, others still hold what we said before, under the incarnation that we begin with again:
  // with equal numbers it is the content that tells whether we have to object.
  const unchanged =
    alive.incarnation === local.incarnation &&
    bytesEqual(alive.meta, local.meta) &&
    alive.versions !== undefined &&
    sameVersions(alive.versions, local.versions);
  return unchanged ? old : { kind: "refute", accused: alive.incarnation };
}

function changeSeen(local: LocalNode, alive: Alive): "joined" | "updated" | "nothing" {
  if (isGone(local.state)) return "joined";
  return bytesEqual(local.meta, alive.meta) ? "nothing" : "updated";
}

/** True for a member that failed or left: it is listed, and no part of the cluster. */
export function isGone(state: NodeState): boolean {
  return state === "dead" || state === "left";
}

function ignoring(reason: IgnoreReason, warning: string): Ignored {
  return { kind: "ignore", reason, warning };
}

function placeOf({ address, port }: Alive): string {
  return `${address}:${port}`;
}

/** Where news began that this node, of that name, is about to tell. */
export function originOf(news: Alive | Suspect | Dead, localName: string): BroadcastOrigin {
  return (news.kind === "alive" ? news.node : news.from) === localName ? "here" : "elsewhere";
}
