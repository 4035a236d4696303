import { describe, expect, test } from "vitest";
import { SeededRandom } from "../simulator/seeded-random.ts";
import { chooseRows, ProbeOrder, shuffle } from "./peer-selection.ts";

const everybody = (): boolean => true;

describe("choosing members at random", () => {
  test.each([
    [0, 3],
    [1, 3],
    [2, 3],
    [3, 3],
    [9, 3],
    [10, 3],
    [1_000, 3],
    [5, 0],
  ])("out of %i gives %i different ones, or all there are", (rowCount, count) => {
    const random = new SeededRandom(1);
    for (let i = 0; i < 50; i++) {
      const chosen = chooseRows(count, rowCount, random, everybody);
      expect(chosen).toHaveLength(Math.min(count, rowCount));
      expect(new Set(chosen).size).toBe(chosen.length);
      expect(chosen.every((row) => row >= 0 && row < rowCount)).toBe(true);
    }
  });

  test.each([1, 2, 3, 12, 1_000])("finds the few that are eligible among %i", (rowCount) => {
    const random = new SeededRandom(2);
    const last = rowCount - 1;
    expect(chooseRows(3, rowCount, random, (row) => row === last)).toEqual([last]);
    expect(chooseRows(3, rowCount, random, () => false)).toEqual([]);
  });

  test.each([4, 40])("is fair among %i, of whom every second is eligible", (rowCount) => {
    const random = new SeededRandom(3);
    const draws = 4_000;
    const counts = new Array<number>(rowCount).fill(0);
    for (let i = 0; i < draws; i++) {
      for (const row of chooseRows(2, rowCount, random, (candidate) => candidate % 2 === 0)) counts[row]! += 1;
    }
    const expected = (2 * draws) / (rowCount / 2);
    for (const [row, count] of counts.entries()) {
      const deviation = Math.abs(count - (row % 2 === 0 ? expected : 0));
      expect(deviation).toBeLessThanOrEqual(row % 2 === 0 ? 5 * Math.sqrt(expected) : 0);
    }
  });
});

test("a shuffle keeps the values, and every order is about as likely", () => {
  const random = new SeededRandom(4);
  const orders = new Map<string, number>();
  for (let i = 0; i < 6_000; i++) {
    const values = [1, 2, 3];
    shuffle(values, random);
    orders.set(values.join(""), (orders.get(values.join("")) ?? 0) + 1);
  }
  expect([...orders.keys()].sort()).toEqual(["123", "132", "213", "231", "312", "321"]);
  for (const count of orders.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150);
});

describe("the order of probes", () => {
  function orderOf(ids: readonly number[], seed = 5): { order: ProbeOrder; remaining: () => number[] } {
    const order = new ProbeOrder(new SeededRandom(seed));
    for (const id of ids) order.insert(id);
    return { order, remaining: () => [...ids] };
  }

  test("looks at everybody once a round, and shuffles for the next", () => {
    const ids = [10, 11, 12, 13, 14, 15, 16, 17];
    const { order, remaining } = orderOf(ids);
    const rounds = [0, 1, 2].map(() => ids.map(() => order.next(everybody, remaining)));
    for (const round of rounds) expect(round.toSorted()).toEqual(ids);
    expect(new Set(rounds.map((round) => round.join())).size).toBe(3);
  });

  test("finds nobody in a cluster of none, and in a cluster of one, however often it is asked", () => {
    for (const ids of [[], [7]]) {
      const { order, remaining } = orderOf(ids);
      for (let i = 0; i < 5; i++) expect(order.next((id) => id !== 7, remaining)).toBeUndefined();
    }
  });

  test("finds the other in a cluster of two, every time", () => {
    const { order, remaining } = orderOf([7, 8]);
    for (let i = 0; i < 20; i++) expect(order.next((id) => id !== 7, remaining)).toBe(8);
  });

  test("finds nobody where all others are gone, and then whoever came back", () => {
    const { order, remaining } = orderOf([1, 2, 3, 4]);
    for (let i = 0; i < 5; i++) expect(order.next(() => false, remaining)).toBeUndefined();
    expect(order.next((id) => id === 3, remaining)).toBe(3);
  });

  test("asks who remains at the end of each round only, and forgets the others", () => {
    const order = new ProbeOrder(new SeededRandom(6));
    for (const id of [1, 2, 3]) order.insert(id);
    let asked = 0;
    const remaining = (): number[] => {
      asked += 1;
      return [2, 3];
    };
    for (let i = 0; i < 3; i++) order.next(everybody, remaining);
    expect([asked, order.length]).toEqual([0, 3]);
    expect([order.next(everybody, remaining), order.next(everybody, remaining)].toSorted()).toEqual([2, 3]);
    expect([asked, order.length]).toEqual([1, 2]);
  });

  test("puts newcomers at random places, not all at the end", () => {
    const places = new Set<number>();
    for (let seed = 0; seed < 200; seed++) {
      const { order, remaining } = orderOf([1, 2, 3, 4, 5], seed);
      order.insert(9);
      for (let place = 0; place < 6; place++) if (order.next(everybody, remaining) === 9) places.add(place);
    }
    expect([...places].sort()).toEqual([0, 1, 2, 3, 4]);
  });
});
