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

interface Slot<T> {
  readonly time: number;
  readonly items: T[];
}

/**
 * Remembers what was seen in the last `slotCount` Lamport times, to tell duplicates from news: a ring with a slot for each time. Slots that
 * were never used cost nothing, so that a ring can be long.
 */
export class LamportBuffer<T> {
  readonly slotCount: number;
  /** By the time's place in the ring. */
  private readonly slots = new Map<number, Slot<T>>();
  private readonly same: (a: T, b: T) => boolean;

  constructor(slotCount: number, same: (a: T, b: T) => boolean) {
    this.slotCount = slotCount;
    this.same = same;
  }

  /** `now` is the clock after it witnessed `time`. What is new is remembered. */
  admit(time: number, now: number, item: T): Admission {
    const admission = this.judge(time, now, item);
    if (admission === "new") this.remember(time, item);
    return admission;
  }

  /** What `admit` would say. Most items are duplicates, and not worth being made fit to be kept. */
  judge(time: number, now: number, item: T): Admission {
    if (time < now - this.slotCount) return "too-old";
    const slot = this.find(time);
    if (slot === undefined) return "new";
    if (slot.items.some((seen) => this.same(seen, item))) return "seen";
    return slot.items.length >= itemsPerTimeMax ? "full" : "new";
  }

  /** What `judge` has called new. */
  remember(time: number, item: T): void {
    const slot = this.find(time);
    if (slot === undefined) this.slots.set(time % this.slotCount, { time, items: [item] });
    else slot.items.push(item);
  }

  /** Whether anything of that time is remembered. */
  has(time: number): boolean {
    return this.find(time) !== undefined;
  }

  /** What is remembered of the times from `from` to just before `to`, oldest first. */
  between(from: number, to: number): LamportSlot<T>[] {
    const found: LamportSlot<T>[] = [];
    for (let time = Math.max(from, to - this.slotCount, 0); time < to; time++) {
      const slot = this.find(time);
      if (slot !== undefined) found.push(slot);
    }
    return found;
  }

  /** Everything remembered, oldest first. */
  inOrder(): LamportSlot<T>[] {
    return [...this.slots.values()].sort((a, b) => a.time - b.time);
  }

  private find(time: number): Slot<T> | undefined {
    const slot = this.slots.get(time % this.slotCount);
    return slot?.time === time ? slot : undefined;
  }
}
