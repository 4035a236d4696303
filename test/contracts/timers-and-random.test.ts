import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Random, Timers } from "../../src/base/host.ts";
import { NodeRandom } from "../../src/host/node-random.ts";
import { nodeTimers } from "../../src/host/node-timers.ts";
import { SimulatedNetwork } from "../../src/simulator/index.ts";
import { until } from "./worlds.ts";

interface TimerWorld {
  readonly timers: Timers;
  until(condition: () => boolean): Promise<void>;
}

const timerWorlds: Readonly<Record<string, () => TimerWorld>> = {
  node: () => ({ timers: nodeTimers, until }),
  simulated: () => {
    const network = new SimulatedNetwork({ seed: 1 });
    const { timers } = network.createHost({ address: "10.0.0.1" });
    return {
      timers,
      until: async (condition) => {
        if (!network.runUntil(condition, 10_000)) throw new Error(`not within 10 s: ${condition}`);
      },
    };
  },
};

describe.each(Object.entries(timerWorlds))("timers contract: %s", (_name, createWorld) => {
  test("fire once, later, in the order of their delays, and those of one delay in the order of starting", async () => {
    const { timers, until } = createWorld();
    const fired: string[] = [];
    timers.after(40, () => fired.push("40"));
    timers.after(0, () => fired.push("0 first"));
    timers.after(10, () => fired.push("10 first"));
    timers.after(0, () => fired.push("0 second"));
    timers.after(10, () => fired.push("10 second"));
    expect(fired).toEqual([]);
    await until(() => fired.includes("40"));
    expect(fired).toEqual(["0 first", "0 second", "10 first", "10 second", "40"]);
  });

  test("do not fire once cancelled, not even at the very instant", async () => {
    const { timers, until } = createWorld();
    const fired: string[] = [];
    timers.after(5, () => fired.push("cancelled before")).cancel();
    timers.after(5, () => {
      fired.push("canceller");
      victim.cancel();
      victim.cancel();
    });
    const victim = timers.after(5, () => fired.push("cancelled at its instant"));
    const last = timers.after(5, () => fired.push("last"));
    await until(() => fired.includes("last"));
    last.cancel();
    expect(fired).toEqual(["canceller", "last"]);
  });

  test("may be started from a timer", async () => {
    const { timers, until } = createWorld();
    let fired = 0;
    const again = () => {
      fired++;
      if (fired < 5) timers.after(0, again);
    };
    timers.after(1, again);
    await until(() => fired === 5);
  });

  test("of many weeks do not fire at once", async () => {
    const { timers, until } = createWorld();
    const fired: string[] = [];
    const weeks = timers.after(100 * 24 * 3_600_000, () => fired.push("weeks"));
    timers.after(20, () => fired.push("20"));
    await until(() => fired.length > 0);
    weeks.cancel();
    expect(fired).toEqual(["20"]);
  });
});

test("node timers never fire before their time", async () => {
  const early: number[] = [];
  let fired = 0;
  for (const delayMs of [0.2, 1.5, 3.9, 7.01]) {
    const startMs = performance.now();
    nodeTimers.after(delayMs, () => {
      fired++;
      // Node counts in whole milliseconds of a clock that it reads once a turn.
      if (performance.now() - startMs < delayMs - 1) early.push(delayMs);
    });
  }
  await until(() => fired === 4);
  expect(early).toEqual([]);
});

const randoms: Readonly<Record<string, () => Random>> = {
  node: () => new NodeRandom(),
  simulated: () => new SimulatedNetwork({ seed: 9 }).createHost({ address: "10.0.0.1" }).random,
};

describe.each(Object.entries(randoms))("random contract: %s", (_name, createRandom) => {
  test("below stays below its bound, for every bound there is", () => {
    const random = createRandom();
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 2 ** 32 }), (bound) => {
        const drawn = random.below(bound);
        expect(Number.isInteger(drawn) && drawn >= 0 && drawn < bound).toBe(true);
      }),
    );
    expect(random.below(1)).toBe(0);
  });

  test("below favours no number, also where the bound does not divide 2^32", () => {
    const random = createRandom();
    // Without drawing again, the lower half of this bound would come up twice as often as the upper.
    const bound = 3 * 2 ** 30;
    let low = 0;
    for (let i = 0; i < 6_000; i++) if (random.below(bound) < 2 ** 30) low++;
    expect(low).toBeGreaterThan(1_800);
    expect(low).toBeLessThan(2_200);
  });

  test("fraction is in [0, 1) and spreads over it", () => {
    const random = createRandom();
    const tenths = new Array<number>(10).fill(0);
    for (let i = 0; i < 10_000; i++) tenths[Math.floor(random.fraction() * 10)]!++;
    expect(tenths.length).toBe(10);
    expect(Math.min(...tenths)).toBeGreaterThan(850);
    expect(Math.max(...tenths)).toBeLessThan(1_150);
  });

  test("fill gives back the same array, filled, at every length, and never the same nonce twice", () => {
    const random = createRandom();
    for (const length of [0, 1, 3, 12, 1_000, 5_000, 70_000]) {
      const target = new Uint8Array(length);
      expect(random.fill(target)).toBe(target);
      if (length >= 1_000) expect(new Set(target).size).toBeGreaterThan(200);
    }
    const nonces = new Set(Array.from({ length: 2_000 }, () => random.fill(new Uint8Array(12)).join()));
    expect(nonces.size).toBe(2_000);
  });
});
