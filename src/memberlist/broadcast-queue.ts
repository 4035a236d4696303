import { retransmitLimit } from "./scaling.ts";

/**
 * Where a broadcast began. "here": nobody else knows it yet. "elsewhere": another node told it. "everywhere": all nodes come to know it by
 * themselves at about the same time, as when a suspicion runs out.
 */
export type BroadcastOrigin = "here" | "elsewhere" | "everywhere";

/** Something to be told to everybody by gossip. */
export interface Broadcast {
  readonly message: Uint8Array;
  /** A newer broadcast with the same key replaces this one: of two things said about one member, only the newer matters. */
  readonly key?: string;
  /** "here", unless said otherwise. */
  readonly origin?: BroadcastOrigin;
  /** It tells of a newcomer, or is what one says of its joining. Where many come, such news leaves together. */
  readonly isArrival?: boolean;
  /** It was sent as often as it should be, was replaced, or was dropped. Called once; it may queue broadcasts. */
  finished?(): void;
}

/** How often, and how much. */
export interface BroadcastQueueOptions {
  /** On which depends how often each broadcast is sent. */
  nodeCount(): number;
  readonly retransmitMult: number;
  /** Where there are more, those sent most often are dropped. */
  readonly lengthMax: number;
}

/**
 * Told of each broadcast when it is queued, by whoever sends new ones at once. Returns how many transmissions it is going to make by
 * itself, beyond what it takes from the queue: they count, and one at least is left to the queue.
 */
export type QueuedListener = (broadcast: Broadcast) => number;

interface Entry {
  readonly broadcast: Broadcast;
  readonly bytes: number;
  /** Larger is newer. */
  readonly id: number;
  transmits: number;
}

/**
 * What is still to be told. Each broadcast goes out a limited number of times, those that went out least often first, and
 * among these the longest that still fits, so that packets are filled well; of equals, the newest. As memberlist's queue.
 *
 * Entries are kept sorted in one array for each number of transmissions. Finding one is a binary search, and moving the tail
 * of an array of some thousands is faster than any tree.
 */
export class BroadcastQueue {
  private readonly options: BroadcastQueueOptions;
  /** By the number of transmissions; each is sorted by length and then id, so the best choice is as far right as it fits. */
  private readonly tiers: Entry[][] = [];
  /**
   * Not yet in their tiers: an event is queued while it is on its way to all others, and to sort it in can wait until something is taken. On a host
   * with many members that is long after.
   */
  private readonly unsorted: Entry[] = [];
  private readonly byKey = new Map<string, Entry>();
  private count = 0;
  private lastId = 0;
  private drops = 0;
  private queued: QueuedListener = () => 0;

  constructor(options: BroadcastQueueOptions) {
    this.options = options;
  }

  get length(): number {
    return this.count;
  }

  /** How many broadcasts were dropped, since the queue exists, because there were too many. */
  get droppedCount(): number {
    return this.drops;
  }

  /** There is one listener; without, everything waits for `take`. It is called before the broadcast can be taken, and must not queue. */
  whenQueued(listener: QueuedListener): void {
    this.queued = listener;
  }

  /** Adds a broadcast, in the place of one with the same key. When there are too many, those that were sent most often are dropped. */
  queue(broadcast: Broadcast): void {
    const { key } = broadcast;
    const replaced = key === undefined ? undefined : this.byKey.get(key);
    if (replaced !== undefined) this.remove(replaced);
    const dropped = this.count < this.options.lengthMax ? [] : this.removeWorst(this.options.lengthMax - 1);
    this.lastId += 1;
    const transmits = Math.min(this.queued(broadcast), this.limit - 1);
    const entry = { broadcast, bytes: broadcast.message.length, id: this.lastId, transmits };
    this.unsorted.push(entry);
    if (key !== undefined) this.byKey.set(key, entry);
    this.count += 1;
    replaced?.broadcast.finished?.();
    finishAll(dropped);
  }

  /**
   * The messages to send in one packet, whose lengths with `overheadBytes` for each come to at most `bytesMax`. Each is
   * counted as sent. The caller must not change their bytes.
   */
  take(overheadBytes: number, bytesMax: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    if (this.count === 0) return messages;
    this.sortIn();
    const { limit } = this;
    const taken: Entry[] = [];
    let bytesLeft = bytesMax - overheadBytes;
    for (const tier of this.tiers) {
      while (bytesLeft > 0) {
        const index = countUpTo(tier, bytesLeft, Number.POSITIVE_INFINITY) - 1;
        if (index < 0) break;
        const entry = tier[index]!;
        // Nearly always the last: a splice would make an array of one to give back.
        if (index === tier.length - 1) tier.pop();
        else tier.splice(index, 1);
        taken.push(entry);
        messages.push(entry.broadcast.message);
        bytesLeft -= entry.bytes + overheadBytes;
      }
    }
    this.count -= taken.length;
    // Only now, or what was just sent would be met again one tier further on.
    finishAll(this.returnTaken(taken, limit));
    return messages;
  }

  /** Drops what was sent most often, until at most `lengthMax` remain; of equals the shortest, then the oldest. */
  prune(lengthMax: number): void {
    finishAll(this.removeWorst(lengthMax));
  }

  /** Forgets everything. Each broadcast is finished. */
  clear(): void {
    this.sortIn();
    const entries = this.tiers.flat();
    this.tiers.length = 0;
    this.byKey.clear();
    this.count = 0;
    finishAll(entries);
  }

  /** How often each broadcast is sent. At least once, also where no node is known yet. */
  private get limit(): number {
    return Math.max(1, retransmitLimit(this.options.retransmitMult, this.options.nodeCount()));
  }

  /** Puts back what is not yet done, and returns what is. */
  private returnTaken(taken: readonly Entry[], limit: number): Entry[] {
    const done: Entry[] = [];
    for (const entry of taken) {
      entry.transmits += 1;
      if (entry.transmits < limit) {
        this.insert(entry);
        this.count += 1;
      } else {
        this.forgetKey(entry);
        done.push(entry);
      }
    }
    return done;
  }

  private removeWorst(lengthMax: number): Entry[] {
    this.sortIn();
    const removed: Entry[] = [];
    for (let transmits = this.tiers.length - 1; transmits >= 0 && this.count > lengthMax; transmits--) {
      const worst = this.tiers[transmits]!.splice(0, this.count - lengthMax);
      for (const entry of worst) this.forgetKey(entry);
      this.count -= worst.length;
      this.drops += worst.length;
      removed.push(...worst);
    }
    return removed;
  }

  private sortIn(): void {
    for (const entry of this.unsorted) this.insert(entry);
    this.unsorted.length = 0;
  }

  private insert(entry: Entry): void {
    while (this.tiers.length <= entry.transmits) this.tiers.push([]);
    const tier = this.tiers[entry.transmits]!;
    tier.splice(countUpTo(tier, entry.bytes, entry.id), 0, entry);
  }

  private remove(entry: Entry): void {
    this.sortIn();
    const tier = this.tiers[entry.transmits]!;
    tier.splice(countUpTo(tier, entry.bytes, entry.id) - 1, 1);
    this.forgetKey(entry);
    this.count -= 1;
  }

  private forgetKey({ broadcast }: Entry): void {
    if (broadcast.key !== undefined) this.byKey.delete(broadcast.key);
  }
}

/** How many entries of a sorted tier are shorter than `bytes`, or as long and not newer than `id`. */
function countUpTo(tier: readonly Entry[], bytes: number, id: number): number {
  let low = 0;
  let high = tier.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = tier[middle]!;
    if (entry.bytes < bytes || (entry.bytes === bytes && entry.id <= id)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Called when the queue is consistent again, because they may queue broadcasts. */
function finishAll(entries: readonly Entry[]): void {
  for (const { broadcast } of entries) broadcast.finished?.();
}
