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

export class Schedule {
  /** A heap in which each event has four children: half as deep as with two, which is what costs when nodes are many. */
  private readonly heap: ScheduledEvent[] = [];
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
    const waiting = this.heap.filter((event) => event.isWaiting).sort(compare);
    // A sorted array is a heap.
    for (let i = 0; i < waiting.length; i++) this.heap[i] = waiting[i]!;
    this.heap.length = waiting.length;
    this.cancelledInHeap = 0;
  }

  /** Finds the place of `event`, which belongs at `hole` or above. */
  private siftUp(from: number, event: ScheduledEvent): void {
    const heap = this.heap;
    let hole = from;
    while (hole > 0) {
      const parent = (hole - 1) >> 2;
      const above = heap[parent]!;
      if (compare(above, event) < 0) break;
      heap[hole] = above;
      hole = parent;
    }
    heap[hole] = event;
  }

  /** Finds the place of `event`, which belongs at `hole` or below. */
  private siftDown(from: number, event: ScheduledEvent): void {
    const heap = this.heap;
    let hole = from;
    for (;;) {
      const firstChild = hole * 4 + 1;
      if (firstChild >= heap.length) break;
      let least = firstChild;
      const end = Math.min(firstChild + 4, heap.length);
      for (let child = firstChild + 1; child < end; child++) {
        if (compare(heap[child]!, heap[least]!) < 0) least = child;
      }
      if (compare(event, heap[least]!) < 0) break;
      heap[hole] = heap[least]!;
      hole = least;
    }
    heap[hole] = event;
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
