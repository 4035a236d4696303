import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/simulated-network.ts";
import { Suspicion } from "./suspicion.ts";

/** A suspicion raised by "first" that lasts 2 to 30 s and wants three confirmations, unless said otherwise. */
function suspect(changes: { wanted?: number; minMs?: number; maxMs?: number } = {}) {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock, timers } = network.createHost({ address: "10.0.0.1" });
  const expiries: { atMs: number; confirmations: number }[] = [];
  const suspicion = new Suspicion({
    clock,
    timers,
    from: "first",
    wanted: 3,
    minMs: 2_000,
    maxMs: 30_000,
    expired: (confirmations) => expiries.push({ atMs: Math.round(network.nowMs), confirmations }),
    ...changes,
  });
  return { network, suspicion, expiries };
}

describe("a suspicion", () => {
  test("lasts the longest time while nobody confirms it", () => {
    const { network, expiries } = suspect();
    network.run(29_999);
    expect(expiries).toEqual([]);
    network.run(60_000);
    expect(expiries).toEqual([{ atMs: 30_000, confirmations: 0 }]);
  });

  test("lasts the shortest time where no confirmations are to be expected", () => {
    const { network, expiries } = suspect({ wanted: 0 });
    network.run(60_000);
    expect(expiries).toEqual([{ atMs: 2_000, confirmations: 0 }]);
  });

  test.each([
    [["a"], 16_000, 1],
    [["a", "b"], 7_810, 2],
    [["a", "b", "c"], 2_000, 3],
    [["a", "a", "a"], 16_000, 1],
    [["first", "first"], 30_000, 0],
    [["a", "first", "b", "a"], 7_810, 2],
    [["a", "b", "c", "d", "e"], 2_000, 3],
  ])("confirmed at once by %j lasts %i ms", (names, atMs, confirmations) => {
    const { network, suspicion, expiries } = suspect();
    for (const name of names) suspicion.confirm(name);
    network.run(60_000);
    expect(expiries).toEqual([{ atMs, confirmations }]);
  });

  test("counts its time from its start, not from the confirmation", () => {
    const { network, suspicion, expiries } = suspect();
    network.run(5_000);
    suspicion.confirm("a");
    network.run(60_000);
    expect(expiries).toEqual([{ atMs: 16_000, confirmations: 1 }]);
  });

  test("expires soon, but never within the call, when a confirmation comes later than the time it leaves", () => {
    const { network, suspicion, expiries } = suspect();
    network.run(20_000);
    expect(suspicion.confirm("a")).toBe(true);
    expect(expiries).toEqual([]);
    network.run(1);
    expect(expiries).toEqual([{ atMs: 20_000, confirmations: 1 }]);
  });

  test("says whether a confirmation is news", () => {
    const { suspicion } = suspect();
    expect(["first", "a", "a", "b", "c", "d"].map((name) => suspicion.confirm(name))).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
  });

  test("never expires once it is cancelled, and takes no more confirmations", () => {
    const { network, suspicion, expiries } = suspect();
    suspicion.confirm("a");
    suspicion.cancel();
    expect(suspicion.confirm("b")).toBe(false);
    network.run(60_000);
    expect(expiries).toEqual([]);
  });

  test("takes no confirmation once it expired", () => {
    const { network, suspicion, expiries } = suspect();
    network.run(60_000);
    expect(suspicion.confirm("a")).toBe(false);
    network.run(60_000);
    expect(expiries).toHaveLength(1);
  });

  test("keeps who accuses the member, and since when", () => {
    const { network, suspicion } = suspect();
    network.run(100);
    suspicion.confirm("a");
    network.run(100);
    suspicion.confirm("b");
    suspicion.confirm("a");
    expect(suspicion.accusers).toEqual([
      { name: "first", sinceMs: 0 },
      { name: "a", sinceMs: 100 },
      { name: "b", sinceMs: 200 },
    ]);
    expect([suspicion.startedMs, suspicion.confirmations]).toEqual([0, 2]);
  });
});
