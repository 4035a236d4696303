export type IntentKind = "join" | "leave";

interface RecentIntent {
  readonly kind: IntentKind;
  readonly lamportTime: number;
  readonly seenAtMs: number;
}

/** The reference has no such bound; ten thousand members that all come and go within five minutes stay below it. */
const intentsMax = 65_536;
/** Forgotten at a time when there is no more room. The first entry of a Map costs the more to find, the more entries before it were deleted. */
const forgottenAtOnce = 4_096;

/**
 * Intents about members not yet heard of. Gossip about a node's intent can overtake the news that the node exists; without
 * this buffer the intent would be lost, and every repetition of it passed on anew.
 */
export class RecentIntents {
  /** In the order of `seenAtMs`, oldest first. */
  private readonly intents = new Map<string, RecentIntent>();

  get size(): number {
    return this.intents.size;
  }

  /** Keeps the intent if it is newer than the one kept for this name; says whether it was. */
  keep(name: string, kind: IntentKind, lamportTime: number, nowMs: number): boolean {
    const kept = this.intents.get(name);
    if (kept !== undefined && lamportTime <= kept.lamportTime) return false;
    this.intents.delete(name);
    if (this.intents.size >= intentsMax) this.forgetOldest();
    this.intents.set(name, { kind, lamportTime, seenAtMs: nowMs });
    return true;
  }

  /** The newest intent kept for this name. */
  find(name: string): { readonly kind: IntentKind; readonly lamportTime: number } | undefined {
    return this.intents.get(name);
  }

  /** Forgets intents older than `maxAgeMs`. */
  reap(nowMs: number, maxAgeMs: number): void {
    for (const [name, intent] of this.intents) {
      if (nowMs - intent.seenAtMs <= maxAgeMs) return;
      this.intents.delete(name);
    }
  }

  private forgetOldest(): void {
    let left = forgottenAtOnce;
    for (const name of this.intents.keys()) {
      if (left-- === 0) return;
      this.intents.delete(name);
    }
  }
}
