import { utf8Encode } from "../base/bytes.ts";
import type { InboxMessage } from "./inbox.ts";

interface Piece {
  readonly message: InboxMessage;
  readonly atMs: number;
  relayed: boolean;
}

/** How many pieces of news are remembered at most. */
const piecesMax = 512;
/** So many are kept with their messages at most. */
const freshMax = 64;

/**
 * What was news here a moment ago, by a hash of the message. A node may hear something from a random peer first, and a little later from the
 * one that counts on it to tell others: that is no news then, and still to be passed on, once. Most pieces are never asked for, and are not hashed.
 */
export class RecentNews {
  private readonly rememberMs: number;
  private readonly pieces = new Map<number, Piece>();
  /** Of late, in order, and not yet among the others. */
  private fresh: Piece[] = [];

  constructor(rememberMs: number) {
    this.rememberMs = rememberMs;
  }

  /** The message is news. `relayed`: it has been passed on to whom it should. */
  add(message: InboxMessage, relayed: boolean, nowMs: number): void {
    const last = this.fresh.at(-1);
    if (last !== undefined && last.atMs < nowMs - this.rememberMs) this.fresh = [];
    this.fresh.push({ message, atMs: nowMs, relayed });
    if (this.fresh.length >= freshMax) this.takeIn();
  }

  /** Whether the message is to be passed on now: it was news lately, and this is asked for the first time. */
  takeUnrelayed(message: InboxMessage, nowMs: number): boolean {
    this.takeIn();
    const piece = this.pieces.get(keyOf(message));
    if (piece === undefined || piece.relayed || piece.atMs < nowMs - this.rememberMs) return false;
    piece.relayed = true;
    return true;
  }

  private takeIn(): void {
    for (const piece of this.fresh) {
      this.forgetBefore(piece.atMs - this.rememberMs);
      const key = keyOf(piece.message);
      this.pieces.delete(key);
      this.pieces.set(key, piece);
    }
    this.fresh = [];
  }

  private forgetBefore(atMs: number): void {
    for (const [key, piece] of this.pieces) {
      if (piece.atMs >= atMs && this.pieces.size < piecesMax) return;
      this.pieces.delete(key);
    }
  }
}

/** FNV-1a over what tells one message from another. Two that are taken for one cost a step of speed, once in a long while. */
function keyOf(message: InboxMessage): number {
  if (message.kind === "user") return hashOf(message.payload);
  const from = message.kind === "alive" ? "" : message.from;
  return hashOf(utf8Encode(`${message.kind} ${message.incarnation} ${from} ${message.node}`));
}

function hashOf(bytes: Uint8Array): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return hash;
}
