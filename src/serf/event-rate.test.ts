import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { clusterEventsPerSecond, EventRate, type EventRateView } from "./event-rate.ts";

const small: EventRateView = {
  others: 4,
  allPull: false,
  bufferLength: 1e6,
  roundTripMs: 0,
  perSecondMax: 20_000,
  packetsPerSecondMax: 10_000,
};

describe("what a cluster can take", () => {
  test("is the reference's window in the time that an event may take", () => {
    expect(clusterEventsPerSecond(small)).toBe(4_000);
    expect(clusterEventsPerSecond({ ...small, roundTripMs: 100 })).toBeCloseTo(1_049, 0);
  });

  test("is what those who pull remember in six seconds", () => {
    const usual = { ...small, bufferLength: 16_384 };
    expect(clusterEventsPerSecond({ ...usual, allPull: true })).toBeCloseTo(2_731, 0);
    expect(clusterEventsPerSecond({ ...usual, allPull: true, roundTripMs: 100 })).toBeCloseTo(2_731, 0);
    expect(clusterEventsPerSecond({ ...usual, allPull: true, bufferLength: 512 })).toBeCloseTo(85, 0);
    expect(clusterEventsPerSecond(usual), "also beside those who do not").toBeCloseTo(2_731, 0);
  });

  test("is bounded by packets where they remember many", () => {
    expect(clusterEventsPerSecond({ ...small, allPull: true })).toBeCloseTo(13_333, 0);
    expect(clusterEventsPerSecond({ ...small, allPull: true, others: 63 })).toBeCloseTo(847, 0);
    expect(clusterEventsPerSecond({ ...small, allPull: true, others: 10_000 })).toBeCloseTo(267, 0);
  });

  test("is never more than the option says", () => {
    expect(clusterEventsPerSecond({ ...small, perSecondMax: 100 })).toBe(100);
    expect(clusterEventsPerSecond({ ...small, perSecondMax: 1 })).toBe(1);
  });
});

describe("the rate of a node", () => {
  function createRate() {
    const network = new SimulatedNetwork({ seed: 1 });
    const rate = new EventRate(network.createHost({ address: "10.0.0.1" }).clock, () => small);
    /** So many events each of this node and others within 50 ms. */
    const pass = (own: number, foreign: number) => {
      for (let i = 0; i < own; i++) rate.noteOwn();
      for (let i = 0; i < foreign; i++) rate.noteForeign();
      network.run(50);
      return rate.current();
    };
    return { rate, pass };
  }

  test("begins low, and doubles while there is room", () => {
    const { rate, pass } = createRate();
    expect(rate.current()).toBe(1_000);
    expect(pass(50, 0)).toBe(2_000);
    expect(pass(100, 0)).toBe(4_000);
    expect(pass(200, 0)).toBe(4_000);
  });

  test("is cut in proportion when all together send too much", () => {
    const { rate, pass } = createRate();
    rate.current();
    pass(50, 0);
    expect(pass(100, 300)).toBe(1_000);
    expect(pass(50, 150)).toBe(1_000);
    expect(pass(50, 50)).toBe(2_000);
  });
});
