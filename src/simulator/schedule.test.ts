import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Schedule } from "./schedule.ts";

describe("schedule", () => {
  test("fires in the order of time, and at one time in the order of adding", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 300 }), (delays) => {
        const schedule = new Schedule();
        const fired: number[] = [];
        for (const [i, delayMs] of delays.entries()) schedule.after(delayMs, () => fired.push(i));
        schedule.runUntil(20);
        const expected = delays.map((_, i) => i).sort((a, b) => delays[a]! - delays[b]! || a - b);
        expect(fired).toEqual(expected);
      }),
    );
  });

  test("never fires what was cancelled, however much of it there is", () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.boolean()), { minLength: 200, maxLength: 400 }), (planned) => {
        const schedule = new Schedule();
        const fired: number[] = [];
        const events = planned.map(([delayMs], i) => schedule.after(delayMs, () => fired.push(i)));
        for (const [i, [, cancel]] of planned.entries()) if (cancel) schedule.cancel(events[i]!);
        const kept = planned.map((_, i) => i).filter((i) => !planned[i]![1]);
        expect(schedule.length).toBe(kept.length);
        schedule.runUntil(50);
        expect(fired.toSorted((a, b) => a - b)).toEqual(kept);
        expect(schedule.length).toBe(0);
      }),
    );
  });

  test("forgets cancelled events long before they were due", () => {
    const schedule = new Schedule();
    for (let i = 0; i < 10_000; i++) schedule.cancel(schedule.after(1_000_000, () => undefined));
    expect((schedule as unknown as { heap: unknown[] }).heap.length).toBeLessThan(200);
  });

  test("cancelling what has fired does nothing", () => {
    const schedule = new Schedule();
    const event = schedule.after(1, () => schedule.cancel(event));
    schedule.after(2, () => undefined);
    schedule.runUntil(1);
    schedule.cancel(event);
    expect(schedule.length).toBe(1);
  });

  test("time stands still while an event fires and ends where it was asked to", () => {
    const schedule = new Schedule();
    const seen: number[] = [];
    schedule.after(3.5, () => {
      seen.push(schedule.nowMs);
      schedule.after(0, () => seen.push(schedule.nowMs));
      schedule.after(7, () => seen.push(schedule.nowMs));
    });
    schedule.runUntil(10);
    expect(seen).toEqual([3.5, 3.5]);
    expect(schedule.nowMs).toBe(10);
    schedule.runUntil(10.5);
    expect(seen).toEqual([3.5, 3.5, 10.5]);
  });
});
