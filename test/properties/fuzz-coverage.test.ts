import { expect, test } from "vitest";
import { Coverage } from "../fuzz/coverage.ts";
import { type FuzzTarget, fuzz } from "../fuzz/fuzz.ts";

test("fuzzing gets further by the code that runs, where results say nothing", () => {
  const target: FuzzTarget = {
    seeds: [Uint8Array.of(6, 6)],
    inputBytesMax: 100,
    decode: lockedByTwo,
    isRefusal: () => false,
    resultBytesMax: () => 1000,
  };
  const coverage = new Coverage((url) => url.includes("fuzz-coverage.test.ts"));
  expect(fuzz(target, { seed: 10, inputs: 500_000, coverage }).findings[0]).toMatchObject({ kind: "exception" });
  expect(fuzz(target, { seed: 10, inputs: 30_000 }).findings).toEqual([]);
});

/** Each lock opens for one byte of 256. */
function lockedByTwo([first, second]: Uint8Array): void {
  if (first !== 77) return;
  if (second === 88) throw new Error("both are open");
}
