import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventTour, ownPart } from "./event-tour.ts";

function createTour(toAsk: readonly string[], count = 10) {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const asked: string[] = [];
  const underWay: (() => void)[] = [];
  const state = { time: 1, answersAtOnce: true };
  const tour = new EventTour(
    {
      time: () => state.time,
      members: () => ({ toAsk, count }),
      exchange: (name, done) => {
        asked.push(name);
        if (state.answersAtOnce) host.timers.after(5, done);
        else underWay.push(done);
        return true;
      },
    },
    host,
  );
  /** So many events in a second, for so many seconds. */
  const flow = (perSecond: number, seconds: number) => {
    for (let index = 0; index < perSecond * seconds; index++) {
      state.time += 1;
      tour.noteEvent();
      network.run(1_000 / perSecond);
    }
  };
  return { network, host, state, tour, asked, underWay, flow };
}

describe("the tour of those who do not pull", () => {
  test("asks each of them before it forgets, in turn", () => {
    const { asked, flow } = createTour(["a", "b"]);
    flow(200, 30);
    // Each remembers 512 of the 6,000 times.
    expect(asked.length).toBeGreaterThanOrEqual((2 * 6_000) / 512);
    expect(asked.length).toBeLessThan((2 * 2 * 6_000) / 512);
    expect(asked.every((name, index) => name === (index % 2 === 0 ? "a" : "b"))).toBe(true);
  });

  test("asks each once more after the last event, and then nobody", () => {
    const { network, asked, flow } = createTour(["a", "b", "c"]);
    flow(100, 3);
    const before = asked.length;
    network.run(60_000);
    expect(asked.length - before).toBeGreaterThanOrEqual(2);
    expect(asked.slice(-3).sort()).toEqual(["a", "b", "c"]);
    const after = asked.length;
    network.run(60_000);
    expect(asked).toHaveLength(after);
  });

  test("does not begin for a few events now and then", () => {
    const { asked, flow } = createTour(["a", "b"]);
    flow(20, 30);
    expect(asked).toEqual([]);
  });

  test("keeps to two exchanges a second however fast events come, and to fewer in a large cluster", () => {
    const small = createTour(["a", "b"]);
    small.flow(4_000, 10);
    expect(small.asked.length).toBeLessThanOrEqual(27);
    expect(small.asked.length).toBeGreaterThanOrEqual(16);
    const large = createTour(["a", "b"], 640);
    large.flow(4_000, 10);
    expect(large.asked.length).toBeLessThanOrEqual(3);
  });

  test("waits for one exchange to end before the next", () => {
    const { state, asked, underWay, flow } = createTour(["a", "b"]);
    state.answersAtOnce = false;
    flow(200, 10);
    expect(asked).toEqual(["a"]);
    underWay.shift()?.();
    flow(200, 5);
    expect(asked).toEqual(["a", "b"]);
  });

  test("asks nobody where all pull, and nobody once it is stopped", () => {
    const none = createTour([]);
    none.flow(200, 10);
    expect(none.asked).toEqual([]);
    const { network, tour, asked, flow } = createTour(["a"]);
    flow(200, 1);
    tour.stop();
    const before = asked.length;
    flow(200, 10);
    network.run(10_000);
    expect(asked).toHaveLength(before);
  });
});

describe("who asks whom", () => {
  test("is the same at all who know the same, and leaves nobody out", () => {
    const members = ["d", "b", "e", "c", "a"];
    const helpers = ["y", "x"];
    expect(ownPart(members, helpers, "x")).toEqual(["a", "c", "e"]);
    expect(ownPart(members.toReversed(), helpers.toReversed(), "y")).toEqual(["b", "d"]);
  });
});
