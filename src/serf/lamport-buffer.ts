/**
 * "new": first seen, now remembered. "seen": a duplicate. "too-old": older than the buffer reaches, so nobody can tell
 * whether it is a duplicate. "full": too many different items claim the same time.
 */
export type Admission = "new" | "seen" | "too-old" | "full";

export interface LamportSlot<T> {
  readonly time: number;
  readonly items: readonly T[];
}

/** Honest items share a time only when several nodes send at once; a thousand is a flood. */
const itemsPerTimeMax = 1024;

/**
 * Remembers what was seen in the last `slotCount` Lamport times, to tell duplicates from news: a ring with a slot for each time.
 */
export class LamportBuffer<T> {
  private readonly slots: ({ readonly time: number; readonly items: T[] } | undefined)[];
  private readonly same: (a: T, b: T) => boolean;

  constructor(slotCount: number, same: (a: T, b: T) => boolean) {
    this.slots = new Array(slotCount).fill(undefined);
    this.same = same;
  }

  /** `now` is the clock after it witnessed `time`. */
  admit(time: number, now: number, item: T): Admission {
    if (time < now - this.slots.length) return "too-old";
    const index = time % this.slots.length;
    const slot = this.slots[index];
    if (slot === undefined || slot.time !== time) {
      this.slots[index] = { time, items: [item] };
      return "new";
    }
    if (slot.items.some((seen) => this.same(seen, item))) return "seen";
    if (slot.items.length >= itemsPerTimeMax) return "full";
    slot.items.push(item);
    return "new";
  }

  /** Everything remembered, oldest first. */
  inOrder(): LamportSlot<T>[] {
    return this.slots.filter((slot) => slot !== undefined).sort((a, b) => a.time - b.time);
  }
}
