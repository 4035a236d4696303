import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { BroadcastQueue } from "./broadcast-queue.ts";

/** A queue in a cluster of ten with multiplier 1, so that everything is sent twice, unless said otherwise. */
function queueOf(changes: { nodes?: number; mult?: number; lengthMax?: number } = {}) {
  const { nodes = 10, mult = 1, lengthMax = 100 } = changes;
  const queue = new BroadcastQueue({ nodeCount: () => nodes, retransmitMult: mult, lengthMax });
  const finished: string[] = [];
  const add = (name: string, bytes: number, key?: string): void => {
    const message = new Uint8Array(bytes);
    message.set([...name].map((character) => character.charCodeAt(0)));
    queue.queue({ message, ...(key === undefined ? {} : { key }), finished: () => finished.push(name) });
  };
  const take = (overheadBytes: number, bytesMax: number): string[] => queue.take(overheadBytes, bytesMax).map(nameOf);
  return { queue, finished, add, take };
}

function nameOf(message: Uint8Array): string {
  return String.fromCharCode(...message.filter((byte) => byte !== 0));
}

describe("the broadcast queue", () => {
  test("sends each broadcast as often as the cluster's size asks for, then finishes it", () => {
    for (const [nodes, mult, sends] of [
      [1, 4, 4],
      [10, 4, 8],
      [100, 3, 9],
    ] as const) {
      const { queue, finished, add, take } = queueOf({ nodes, mult });
      add("a", 10);
      for (let i = 0; i < sends; i++) {
        expect(finished).toEqual([]);
        expect(take(0, 100)).toEqual(["a"]);
      }
      expect(finished).toEqual(["a"]);
      expect(queue.length).toBe(0);
      expect(take(0, 100)).toEqual([]);
    }
  });

  test("sends at least once even where it knows of no node", () => {
    const { finished, add, take } = queueOf({ nodes: 0 });
    add("a", 10);
    expect(take(0, 100)).toEqual(["a"]);
    expect(finished).toEqual(["a"]);
  });

  test("sends first what was sent least, then the longest, then the newest", () => {
    const { add, take } = queueOf();
    add("sent", 50);
    expect(take(0, 100)).toEqual(["sent"]);
    add("short", 10);
    add("old", 20);
    add("new", 20);
    add("long", 30);
    expect(take(0, 1_000)).toEqual(["long", "new", "old", "short", "sent"]);
  });

  test("keeps that order among broadcasts that come back from being sent", () => {
    const { add, take } = queueOf({ mult: 2 });
    for (const name of ["a", "b", "c"]) add(name, 10);
    expect(take(0, 10)).toEqual(["c"]);
    expect(take(0, 20)).toEqual(["b", "a"]);
    expect(take(0, 100)).toEqual(["c", "b", "a"]);
  });

  test("fills the packet with what still fits, each with its overhead", () => {
    const { add, take } = queueOf();
    for (const [name, bytes] of [
      ["a", 50],
      ["b", 40],
      ["c", 30],
      ["d", 6],
    ] as const)
      add(name, bytes);
    expect(take(2, 90)).toEqual(["a", "c"]);
    expect(take(2, 92)).toEqual(["b", "d", "c"]);
  });

  test("never sends one broadcast twice in the same packet", () => {
    const { add, take } = queueOf({ mult: 50 });
    add("a", 10);
    expect(take(0, 1_000)).toEqual(["a"]);
  });

  test("leaves what fits no packet where it is, and sends the rest", () => {
    const { queue, add, take } = queueOf();
    add("huge", 5_000);
    add("a", 10);
    expect(take(2, 1_400)).toEqual(["a"]);
    expect(take(2, 1_400)).toEqual(["a"]);
    expect(queue.length).toBe(1);
    expect(take(2, 1_400)).toEqual([]);
    expect(take(2, 5_002)).toEqual(["huge"]);
  });

  test("replaces a broadcast by a newer one with the same key, which starts from the beginning", () => {
    const { queue, finished, add, take } = queueOf();
    add("old", 10, "web");
    add("other", 10, "db");
    add("keyless", 10);
    take(0, 100);
    add("new", 10, "web");
    expect(finished).toEqual(["old"]);
    expect(queue.length).toBe(3);
    expect(take(0, 10)).toEqual(["new"]);
    expect(take(0, 100)).toEqual(["new", "keyless", "other"]);
    expect(finished).toEqual(["old", "new", "keyless", "other"]);
    expect(queue.length).toBe(0);
  });

  test("does not grow beyond its limit: what was sent most goes first, then the shortest, then the oldest", () => {
    const { queue, finished, add, take } = queueOf({ lengthMax: 4, mult: 5 });
    add("sent", 99);
    take(0, 1_000);
    add("long", 20);
    add("old", 10);
    add("new", 10);
    add("a", 30);
    expect(finished).toEqual(["sent"]);
    add("b", 5);
    expect(finished).toEqual(["sent", "old"]);
    add("c", 40);
    expect(finished).toEqual(["sent", "old", "b"]);
    expect([queue.length, queue.droppedCount]).toEqual([4, 3]);
  });

  test("needs no room for a broadcast that replaces another", () => {
    const { queue, finished, add } = queueOf({ lengthMax: 2 });
    add("a", 10, "a");
    add("b", 10, "b");
    add("a2", 10, "a");
    expect(finished).toEqual(["a"]);
    expect(queue.droppedCount).toBe(0);
  });

  test("prunes to a length, and clears", () => {
    const { queue, finished, add } = queueOf();
    for (const name of ["a", "b", "c", "d"]) add(name, 10, name);
    queue.prune(2);
    expect(finished).toEqual(["a", "b"]);
    queue.prune(2);
    queue.clear();
    expect(finished).toEqual(["a", "b", "c", "d"]);
    expect([queue.length, queue.droppedCount]).toEqual([0, 2]);
    add("c", 10, "c");
    expect(queue.length).toBe(1);
  });

  test("may be added to by a broadcast that finishes", () => {
    const { queue, add } = queueOf({ nodes: 0 });
    queue.queue({ message: new Uint8Array(5), finished: () => add("next", 10) });
    queue.take(0, 100);
    expect(queue.length).toBe(1);
  });

  test("behaves as a list that is sorted anew for every choice", () => {
    const step = fc.oneof(
      fc.record({ bytes: fc.integer({ min: 1, max: 40 }), key: fc.option(fc.integer({ min: 0, max: 5 })) }),
      fc.record({ take: fc.integer({ min: 0, max: 120 }) }),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const queue = new BroadcastQueue({ nodeCount: () => 10, retransmitMult: 2, lengthMax: 12 });
        const model = new SortedList(12, 4);
        for (const [id, current] of steps.entries()) {
          if ("take" in current) {
            expect(queue.take(2, current.take).map((message) => message[0])).toEqual(model.take(2, current.take));
          } else {
            const { bytes, key } = current;
            const message = new Uint8Array(bytes);
            message[0] = id;
            queue.queue({ message, ...(key === null ? {} : { key: `${key}` }) });
            model.queue(id, bytes, key);
          }
          expect(queue.length).toBe(model.entries.length);
        }
      }),
    );
  });
});

/** The queue's rules, told the slow way. */
class SortedList {
  entries: { id: number; bytes: number; key: number | null; transmits: number }[] = [];
  private readonly lengthMax: number;
  private readonly transmitsMax: number;

  constructor(lengthMax: number, transmitsMax: number) {
    this.lengthMax = lengthMax;
    this.transmitsMax = transmitsMax;
  }

  queue(id: number, bytes: number, key: number | null): void {
    if (key !== null) this.entries = this.entries.filter((entry) => entry.key !== key);
    if (this.entries.length === this.lengthMax) this.entries = this.inOrder().slice(0, -1);
    this.entries.push({ id, bytes, key, transmits: 0 });
  }

  take(overheadBytes: number, bytesMax: number): number[] {
    let left = bytesMax - overheadBytes;
    const taken = this.inOrder().filter(({ bytes }) => {
      if (left <= 0 || bytes > left) return false;
      left -= bytes + overheadBytes;
      return true;
    });
    for (const entry of taken) entry.transmits += 1;
    this.entries = this.entries.filter(({ transmits }) => transmits < this.transmitsMax);
    return taken.map(({ id }) => id);
  }

  private inOrder() {
    return this.entries.toSorted((a, b) => a.transmits - b.transmits || b.bytes - a.bytes || b.id - a.id);
  }
}
