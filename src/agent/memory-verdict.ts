import type { Usage } from "../host/process-limits.ts";

/** Memory that the kernel counts, and how much of it holds something. */
export interface MemoryUsage extends Usage {
  /** Bytes that are referred to or not yet collected. What the allocator keeps for later is not among them. */
  readonly held: number;
}

/** Shares of the limit from which memory is short, and below which it no longer is. */
const shortFrom = 0.85;
const enoughBelow = 0.75;
/** Near enough to the limit that the process may be killed at any moment, whatever the memory holds. */
const full = 0.95;
/** Where the allocator keeps much, what is held decides, as shares of the limit. The gap is room for what it cannot hand out again. */
const heldShortFrom = 0.6;
const heldEnoughBelow = 0.4;

/**
 * Whether memory is short, from one look to the next. Freed memory often stays with the process: an allocator gives back only what lies at
 * the end of its heap, and one small block there keeps a hundred megabytes below it. To wait for the kernel's figure to fall would then be
 * to wait for ever, with nothing left to let go. The allocator hands out such memory again before it asks for more, so after a collection of
 * garbage that left little, memory is not short.
 */
export class MemoryVerdict {
  private short = false;
  private keeps = false;
  private hasCollected = false;

  get isShort(): boolean {
    return this.short;
  }

  /** Whether the process has much memory that holds nothing. */
  get allocatorKeeps(): boolean {
    return this.keeps;
  }

  /** To be called after garbage was collected. */
  collected(): void {
    this.hasCollected = true;
  }

  look({ used, held, limit }: MemoryUsage): void {
    const share = used / limit;
    const heldShare = held / limit;
    if (share < enoughBelow) {
      this.short = this.keeps = false;
    } else if (this.short) {
      this.keeps = this.hasCollected && heldShare < heldEnoughBelow && share < full;
      this.short = !this.keeps;
    } else if (this.keeps) {
      this.short = heldShare >= heldShortFrom || share >= full;
      this.keeps = !this.short;
    } else {
      this.short = share >= shortFrom;
    }
    if (!this.short) this.hasCollected = false;
  }
}
