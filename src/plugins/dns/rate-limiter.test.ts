import { expect, test } from "vitest";
import { RateLimiter } from "./rate-limiter.ts";

function limiterOf(perSecond: number) {
  const clock = { nowMs: 0 };
  const limiter = new RateLimiter(perSecond, () => clock.nowMs);
  const allowed = (address: string, times: number): number =>
    Array.from({ length: times }, () => limiter.allows(address)).filter(Boolean).length;
  return { clock, allowed };
}

test("a network has its share a second, which neighbours take from the same", () => {
  const { clock, allowed } = limiterOf(10);
  expect(allowed("10.0.0.1", 8)).toBe(8);
  expect(allowed("10.0.0.200", 8)).toBe(2);
  expect(allowed("10.0.1.1", 8)).toBe(8);
  expect(allowed("fd00::1", 20)).toBe(10);
  expect(allowed("fd00:0:0:ff::1", 1)).toBe(0);
  clock.nowMs = 500;
  expect(allowed("10.0.0.1", 20)).toBe(5);
  clock.nowMs = 60_000;
  expect(allowed("10.0.0.1", 20)).toBe(10);
});

test("loopback is not counted, and 0 is no limit", () => {
  expect(limiterOf(1).allowed("127.0.0.1", 100)).toBe(100);
  expect(limiterOf(1).allowed("::1", 100)).toBe(100);
  expect(limiterOf(0).allowed("10.0.0.1", 100)).toBe(100);
});

test("forged sources without end take no memory and no more than one share", () => {
  const { clock, allowed } = limiterOf(10);
  let beyond = 0;
  for (let index = 0; index < 30_000; index++) {
    const passed = allowed(`10.${index >> 8}.${index & 255}.1`, 1);
    if (index >= 10_000) beyond += passed;
  }
  expect(beyond).toBe(10);
  // Those that were quiet for a second make room for new ones.
  clock.nowMs = 2_000;
  expect(allowed("192.168.0.1", 20)).toBe(10);
});
