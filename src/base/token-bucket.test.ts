import { expect, test } from "vitest";
import { TokenBucket } from "./token-bucket.ts";

function setUp() {
  let nowMs = 5;
  const bucket = new TokenBucket({ monotonicMs: () => nowMs, wallMs: () => 0 }, 100, 10);
  const pass = (ms: number) => {
    nowMs += ms;
  };
  return { bucket, pass };
}

test("a bucket is full at first, and never holds more", () => {
  const { bucket, pass } = setUp();
  pass(10_000);
  bucket.take(9);
  expect(bucket.waitMs()).toBe(0);
  bucket.take(1);
  expect(bucket.waitMs()).toBe(10);
});

test("what was taken too much is made up for first", () => {
  const { bucket, pass } = setUp();
  bucket.take(30);
  expect(bucket.waitMs()).toBe(210);
  pass(200);
  expect(bucket.waitMs()).toBeGreaterThan(0);
  pass(10);
  expect(bucket.waitMs()).toBe(0);
});
