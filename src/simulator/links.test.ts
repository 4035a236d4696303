import { describe, expect, test } from "vitest";
import { drawLatencyMs, type Latency } from "./latency.ts";
import { fairConditions, type LinkConditions } from "./link-conditions.ts";
import { Links } from "./links.ts";
import { SeededRandom } from "./seeded-random.ts";

function linksWith(conditions: Partial<LinkConditions>): Links {
  const links = new Links(new SeededRandom(7));
  links.set(conditions);
  return links;
}

/** The delays of so many packets of one sender, sent at one moment; undefined are lost. */
function send(links: Links, count: number, bytes = 100, nowMs = 0): (number | undefined)[] {
  return Array.from({ length: count }, () => links.packetDelayMs("a", "b", bytes, nowMs));
}

function draw(latency: Latency, count = 20_000): number[] {
  const random = new SeededRandom(3);
  return Array.from({ length: count }, () => drawLatencyMs(latency, random)).sort((a, b) => a - b);
}

const mean = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
const arrived = (delays: readonly (number | undefined)[]) => delays.filter((delay) => delay !== undefined);

describe("latency", () => {
  test("is drawn as it was described", () => {
    expect(new Set(draw(20))).toEqual(new Set([20]));
    const uniform = draw({ kind: "uniform", minMs: 10, maxMs: 30 });
    expect(uniform[0]).toBeGreaterThanOrEqual(10);
    expect(uniform.at(-1)).toBeLessThan(30);
    expect(mean(uniform)).toBeCloseTo(20, 0);
    const normal = draw({ kind: "normal", meanMs: 50, deviationMs: 5 });
    expect(mean(normal)).toBeCloseTo(50, 0);
    expect(normal[Math.floor(normal.length * 0.841)]).toBeCloseTo(55, 0);
    const lognormal = draw({ kind: "lognormal", medianMs: 20, sigma: 0.5 });
    expect(lognormal[10_000]).toBeCloseTo(20, 0);
    expect(lognormal[19_800]! / 20).toBeCloseTo(3.2, 0);
    expect(new Set(draw({ kind: "table", ms: [1, 5, 9] }))).toEqual(new Set([1, 5, 9]));
  });

  test("is never negative", () => {
    expect(draw({ kind: "normal", meanMs: 1, deviationMs: 10 })[0]).toBe(0);
  });
});

describe("links", () => {
  test("draw nothing for what is switched off", () => {
    let drawn = 0;
    const counting = { fraction: () => ++drawn, below: () => ++drawn, fill: (target: Uint8Array) => target };
    const links = new Links(counting);
    links.packetDelayMs("a", "b", 1_400, 0);
    links.duplicates("a", "b");
    links.segmentDelayMs("a", "b", 65_536, 0);
    links.breakOf("a", "b");
    expect(drawn).toBe(0);
  });

  test("lose, duplicate and hold back the shares they were told to", () => {
    const links = linksWith({ loss: 0.2, duplication: 0.1, reordering: 0.3, reorderingMs: 50 });
    const delays = arrived(send(links, 10_000));
    expect(delays.length / 10_000).toBeCloseTo(0.8, 1);
    expect(delays.filter((delay) => delay > fairConditions.queueBytesMax)).toEqual([]);
    expect(delays.filter((delay) => delay > 0.5).length / delays.length).toBeCloseTo(0.3, 1);
    const twice = Array.from({ length: 10_000 }, () => links.duplicates("a", "b")).filter(Boolean);
    expect(twice.length / 10_000).toBeCloseTo(0.1, 1);
    expect(links.counts).toMatchObject({ packets: 10_000, duplicated: twice.length, lost: 10_000 - delays.length });
  });

  test("lose a packet of several fragments more easily, or always where fragments are dropped", () => {
    const links = linksWith({ loss: 0.1, mtuBytes: 1_500 });
    expect(arrived(send(links, 10_000, 1_400)).length / 10_000).toBeCloseTo(0.9, 1);
    expect(arrived(send(links, 10_000, 60_000)).length / 10_000).toBeCloseTo(0.9 ** 41, 1);
    links.set({ loss: 0, dropsFragments: true });
    expect(arrived(send(links, 10, 1_473))).toEqual([]);
    expect(arrived(send(links, 10, 1_472))).toHaveLength(10);
    expect(links.counts.tooLong).toBe(10);
  });

  test("make what is sent at once wait for its turn, and lose what finds the queue full", () => {
    const links = linksWith({ latency: 0, bytesPerSecond: 12_800, queueBytesMax: 640 });
    expect(send(links, 7)).toEqual([10, 20, 30, 40, 50, undefined, undefined]);
    expect(send(links, 1, 100, 50)).toEqual([10]);
    expect(links.counts.queueFull).toBe(2);
  });

  test("differ from one another where a rule says so, one way, the later rule first", () => {
    const links = linksWith({ latency: 1 });
    links.addRule(["a"], ["b"], { latency: 30, loss: 1 });
    links.addRule(["a"], undefined, { loss: 0 });
    expect(links.packetDelayMs("a", "b", 1, 0)).toBe(30);
    expect(links.packetDelayMs("b", "a", 1, 0)).toBe(1);
    links.clearRules();
    expect(links.packetDelayMs("a", "b", 1, 0)).toBe(1);
  });

  test("refuse conditions that make no sense", () => {
    const links = linksWith({});
    for (const wrong of [{ loss: 1.1 }, { latency: -1 }, { mtuBytes: 100 }, { duplication: Number.NaN }] as const)
      expect(() => links.set(wrong)).toThrow(/^condition "/);
    expect(() => links.set({ latency: { kind: "table", ms: [] } })).toThrow(/empty table/);
    expect(() => links.set({ latency: { kind: "uniform", minMs: 9, maxMs: 1 } })).toThrow(/above the greatest/);
  });
});
