/**
 * Virtual time: a queue of events ordered by the time they are due, and among those due at once by the order in which they
 * were added. Time stands still while an event fires and jumps to the next one after it.
 */

import { assert } from "../base/errors.ts";

/**
 * Something that happens once; each is added at most once. Subclasses carry their data as fields, so that the common ones
 * need no closure. The fields here are the schedule's.
 */
export abstract class ScheduledEvent {
  dueMs = 0;
  order = 0;
  isWaiting = false;

  abstract fire(): void;
}

/** Nobody simulates so much at one instant: a timer of delay 0 that starts itself again would hang the run silently. */
const eventsPerInstantMax = 20_000_000;
const heapLengthAtFirst = 1_024;

export class Schedule {
  /** A heap in which each event has four children: half as deep as with two, which is what costs when nodes are many. */
  private readonly heap: ScheduledEvent[] = [];
  /** When each event of the heap is due: four children are compared within one line of the processor's cache. */
  private dueTimes = new Float64Array(heapLengthAtFirst);
  private now = 0;
  private added = 0;
  private cancelledInHeap = 0;
  private fired = 0;

  get nowMs(): number {
    return this.now;
  }

  /** Events fired so far. */
  get firedCount(): number {
    return this.fired;
  }

  /** Events that wait. */
  get length(): number {
    return this.heap.length - this.cancelledInHeap;
  }

  add<E extends ScheduledEvent>(event: E, delayMs: number): E {
    assert(delayMs >= 0, `an event is due in ${delayMs} ms`);
    return this.addAt(event, this.now + delayMs);
  }

  /** Not in the past. */
  addAt<E extends ScheduledEvent>(event: E, dueMs: number): E {
    assert(dueMs >= this.now, `an event is due at ${dueMs} ms, and it is ${this.now} ms`);
    event.dueMs = dueMs;
    event.order = this.added++;
    event.isWaiting = true;
    this.heap.push(event);
    if (this.heap.length > this.dueTimes.length) this.growDueTimes();
    this.siftUp(this.heap.length - 1, event);
    return event;
  }

  /** For what happens rarely enough to afford a closure. */
  after(delayMs: number, fire: () => void): ScheduledEvent {
    return this.add(new Call(fire), delayMs);
  }

  at(dueMs: number, fire: () => void): ScheduledEvent {
    return this.addAt(new Call(fire), dueMs);
  }

  /** Costs next to nothing: the event stays where it is and is skipped when its turn comes. Does nothing once it fired. */
  cancel(event: ScheduledEvent): void {
    if (!event.isWaiting) return;
    event.isWaiting = false;
    this.cancelledInHeap++;
    if (this.cancelledInHeap > 64 && this.cancelledInHeap * 2 > this.heap.length) this.dropCancelled();
  }

  /** Fires everything due up to and including `untilMs`; then it is `untilMs`. */
  runUntil(untilMs: number): void {
    while (this.runInstant(untilMs));
    this.now = untilMs;
  }

  /** Fires all that is due at the next instant, if that is not after `untilMs`. False if there was nothing. */
  runInstant(untilMs: number): boolean {
    const first = this.next();
    if (first === undefined || first.dueMs > untilMs) return false;
    this.now = first.dueMs;
    const firedMax = this.fired + eventsPerInstantMax;
    for (let event = this.next(); event !== undefined && event.dueMs === this.now; event = this.next()) {
      this.removeFirst();
      event.isWaiting = false;
      this.fired++;
      assert(this.fired < firedMax, `time stands still at ${this.now} ms`);
      event.fire();
    }
    return true;
  }

  private next(): ScheduledEvent | undefined {
    let first = this.heap[0];
    while (first !== undefined && !first.isWaiting) {
      this.removeFirst();
      this.cancelledInHeap--;
      first = this.heap[0];
    }
    return first;
  }

  private removeFirst(): void {
    const last = this.heap.pop()!;
    if (this.heap.length > 0) this.siftDown(0, last);
  }

  private dropCancelled(): void {
    const { heap, dueTimes } = this;
    const waiting = heap.filter((event) => event.isWaiting).sort(compare);
    // A sorted array is a heap.
    for (let i = 0; i < waiting.length; i++) {
      heap[i] = waiting[i]!;
      dueTimes[i] = waiting[i]!.dueMs;
    }
    heap.length = waiting.length;
    this.cancelledInHeap = 0;
  }

  private growDueTimes(): void {
    const grown = new Float64Array(2 * this.dueTimes.length);
    grown.set(this.dueTimes);
    this.dueTimes = grown;
  }

  /** Finds the place of `event`, which belongs at `hole` or above. */
  private siftUp(from: number, event: ScheduledEvent): void {
    const { heap, dueTimes } = this;
    const { dueMs } = event;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const aboveMs = dueTimes[parent]!;
      if (aboveMs < dueMs || (aboveMs === dueMs && heap[parent]!.order < event.order)) break;
      heap[hole] = heap[parent]!;
      dueTimes[hole] = aboveMs;
      hole = parent;
    }
    heap[hole] = event;
    dueTimes[hole] = dueMs;
  }

  /** Finds the place of `event`, which belongs at `hole` or below. */
  private siftDown(from: number, event: ScheduledEvent): void {
    const { heap, dueTimes } = this;
    const { length } = heap;
    const { dueMs } = event;
    let hole = from;
    for (let child = hole * 4 + 1; child < length; child = hole * 4 + 1) {
      let least = child;
      let leastMs = dueTimes[child]!;
      const end = Math.min(child + 4, length);
      for (let other = child + 1; other < end; other++) {
        const otherMs = dueTimes[other]!;
        if (otherMs > leastMs || (otherMs === leastMs && heap[other]!.order > heap[least]!.order)) continue;
        least = other;
        leastMs = otherMs;
      }
      if (dueMs < leastMs || (dueMs === leastMs && event.order < heap[least]!.order)) break;
      heap[hole] = heap[least]!;
      dueTimes[hole] = leastMs;
      hole = least;
    }
    heap[hole] = event;
    dueTimes[hole] = dueMs;
  }
}

class Call extends ScheduledEvent {
  private readonly action: () => void;

  constructor(action: () => void) {
    super();
    this.action = action;
  }

  fire(): void {
    this.action();
  }
}

function compare(a: ScheduledEvent, b: ScheduledEvent): number {
  return a.dueMs - b.dueMs || a.order - b.order;
}
