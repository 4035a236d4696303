import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { utf8Encode } from "../base/bytes.ts";
import { encodeEventSums, findDiffering } from "./event-sums.ts";
import { LamportBuffer } from "./lamport-buffer.ts";
import type { RecentEvent } from "./push-pull.ts";

function bufferWith(times: readonly number[], now = 1_000, name = "deploy") {
  const buffer = new LamportBuffer<RecentEvent>(4_096, () => false);
  for (const time of times) buffer.admit(time, now, { name, payload: utf8Encode(`${time}`) });
  return buffer;
}

const range = (from: number, to: number) => Array.from({ length: to - from }, (_, index) => from + index);

describe("checksums of events", () => {
  test("ask for nothing where both know the same, in whatever order they heard it", () => {
    const one = bufferWith([...range(1, 200), 50]);
    const other = bufferWith([50, ...range(1, 200).reverse()]);
    expect(findDiffering(other, encodeEventSums(one, 1, 200), 200)).toEqual([]);
  });

  test("bring the runs in which something is missing, changed or new", () => {
    const known = range(1, 320);
    const mine = bufferWith(known.filter((time) => time !== 70));
    const times = findDiffering(bufferWith(known), encodeEventSums(mine, 1, 320), 320)?.map(({ time }) => time);
    expect(times).toEqual(range(64, 96));
  });

  test("bring what the other has not heard of at all", () => {
    const times = findDiffering(bufferWith(range(1, 320)), encodeEventSums(bufferWith([1, 2]), 1, 3), 320);
    expect(times?.map(({ time }) => time)).toEqual(range(1, 320));
  });

  test("tell apart two events of one time", () => {
    const mine = bufferWith([5]);
    const theirs = bufferWith([5]);
    theirs.admit(5, 10, { name: "restart", payload: new Uint8Array(0) });
    expect(findDiffering(theirs, encodeEventSums(mine, 1, 6), 10)).toHaveLength(1);
  });

  test("bring at most some megabytes", () => {
    const buffer = new LamportBuffer<RecentEvent>(4_096, () => false);
    for (const time of range(1, 1_001)) buffer.admit(time, 1_001, { name: "x", payload: new Uint8Array(9_000) });
    const found = findDiffering(buffer, encodeEventSums(bufferWith([]), 1, 1_001), 1_001);
    expect(found?.length).toBeGreaterThan(400);
    expect(found?.length).toBeLessThan(470);
  });

  test("that make no sense bring nothing, whatever they are", () => {
    const buffer = bufferWith(range(1, 100));
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), fc.nat(2_000), (sums, to) => {
        const found = findDiffering(buffer, sums, to);
        expect(found?.length ?? 0).toBeLessThan(100);
      }),
    );
    expect(findDiffering(buffer, new Uint8Array(8 + 4 * 8_193), 100)).toBeUndefined();
    expect(findDiffering(buffer, new Uint8Array(0), 100)).toBeUndefined();
    expect(findDiffering(buffer, new Uint8Array(8).fill(1), 100)).toBeUndefined();
  });
});
