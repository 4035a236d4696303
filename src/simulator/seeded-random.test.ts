import { describe, expect, test } from "vitest";
import { SeededRandom } from "./seeded-random.ts";

function draws(random: SeededRandom, count = 8): number[] {
  return Array.from({ length: count }, () => random.below(0x1_0000_0000));
}

describe("seeded random", () => {
  test("gives the same numbers on every machine", () => {
    expect(draws(new SeededRandom(42), 4)).toMatchInlineSnapshot(`
      [
        3774986537,
        2241262239,
        2481992333,
        2592828994,
      ]
    `);
  });

  test("differs by seed, also beyond 32 bits, and by stream", () => {
    const firsts = [
      new SeededRandom(1),
      new SeededRandom(2),
      new SeededRandom(2 ** 32 + 1),
      new SeededRandom(1, 1),
      new SeededRandom(1, 2),
    ].map((random) => draws(random).join());
    expect(new Set(firsts).size).toBe(firsts.length);
  });

  test("fills bytes of any length and touches nothing beyond", () => {
    for (let length = 0; length < 10; length++) {
      const all = new Uint8Array(12);
      new SeededRandom(7).fill(all.subarray(0, length));
      expect(all.subarray(length).every((byte) => byte === 0)).toBe(true);
    }
    const many = new SeededRandom(7).fill(new Uint8Array(25_600));
    const counts = new Array<number>(256).fill(0);
    for (const byte of many) counts[byte]!++;
    expect(Math.min(...counts)).toBeGreaterThan(50);
    expect(Math.max(...counts)).toBeLessThan(150);
  });
});
