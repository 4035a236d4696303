import { describe, expect, test } from "vitest";
import { LamportClock } from "./lamport-clock.ts";

describe("the Lamport clock", () => {
  test("starts at 1, so that 0 means never", () => {
    expect(new LamportClock().time).toBe(1);
  });

  test("moves on by one with every message that bears its own time", () => {
    const clock = new LamportClock();
    clock.witness(clock.time);
    clock.witness(clock.time);
    expect(clock.time).toBe(3);
  });

  test("is after every time it witnessed, and ignores older ones", () => {
    const clock = new LamportClock();
    clock.witness(41);
    expect(clock.time).toBe(42);
    clock.witness(41);
    clock.witness(7);
    expect(clock.time).toBe(42);
    clock.witness(42);
    expect(clock.time).toBe(43);
  });

  test("stands still at its maximum instead of losing whole numbers", () => {
    const clock = new LamportClock();
    clock.witness(Number.MAX_SAFE_INTEGER);
    expect(clock.time).toBe(Number.MAX_SAFE_INTEGER - 1);
    clock.witness(clock.time);
    expect(clock.time).toBe(Number.MAX_SAFE_INTEGER - 1);
  });
});
