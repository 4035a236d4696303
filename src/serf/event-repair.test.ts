import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { EventRepair } from "./event-repair.ts";

/** A repair whose exchanges end when the test says so; `state` is what its node knows. */
function createRepair() {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const state = { time: 1, hole: undefined as number | undefined, peers: true, givenUp: 0 };
  const underWay: ((succeeded: boolean) => void)[] = [];
  let begun = 0;
  const repair = new EventRepair(
    {
      time: () => state.time,
      firstHole: () => state.hole,
      giveUpHoles: () => {
        state.givenUp += 1;
        state.hole = undefined;
      },
      exchange: (done) => {
        begun += 1;
        if (state.peers) underWay.push(done);
        return state.peers;
      },
    },
    host,
  );
  const end = (succeeded = true) => underWay.shift()?.(succeeded);
  /** Events of gossip, one after another, in so long. */
  const hear = (count: number, inMs: number) => {
    for (let index = 0; index < count; index++) {
      repair.noteNews(state.time++, false);
      network.run(inMs / count);
    }
  };
  return { network, host, state, repair, end, hear, begun: () => begun };
}

describe("the repair of events", () => {
  test("asks nobody while nothing is missing", () => {
    const { network, hear, begun } = createRepair();
    hear(20, 2_000);
    network.run(60_000);
    expect(begun()).toBe(0);
  });

  test("gives a hole a moment to be filled, and then asks", () => {
    const { network, state, repair, host, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    network.run(149);
    expect(begun()).toBe(0);
    expect(repair.isAsking).toBe(false);
    network.run(152);
    expect(begun()).toBe(1);
    expect(repair.isAsking).toBe(true);
    expect(host.metrics.counters.get("serf.events.pulls")).toBe(1);
  });

  test("asks nobody for a hole that is filled in time, and gives the next one its own time", () => {
    const { network, state, repair, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    network.run(140);
    state.hole = 5;
    repair.noteNews(6, false);
    network.run(140);
    state.hole = undefined;
    network.run(10_000);
    expect(begun()).toBe(0);
  });

  test("asks again once a second at most, and takes a hole that nobody can fill for a time without an event", () => {
    const { network, state, repair, end, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    for (let asked = 1; asked <= 4; asked++) {
      network.run(1_001);
      expect(begun()).toBe(asked);
      end();
    }
    expect(state.givenUp).toBe(1);
    network.run(60_000);
    expect(begun()).toBe(4);
  });

  test("does not give up while exchanges bring something", () => {
    const { network, state, repair, end, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(9, false);
    for (let asked = 1; asked <= 8; asked++) {
      network.run(1_500);
      repair.noteNews(asked, true);
      end();
    }
    expect(begun()).toBe(8);
    expect(state.givenUp).toBe(0);
  });

  test("asks after a burst, until an exchange brings nothing", () => {
    const { network, repair, hear, end, begun } = createRepair();
    hear(100, 500);
    expect(begun()).toBe(0);
    network.run(601);
    expect(begun()).toBe(1);
    repair.noteNews(3, true);
    end();
    network.run(1_001);
    expect(begun()).toBe(2);
    end();
    network.run(60_000);
    expect(begun()).toBe(2);
  });

  test("takes a hole for none because of answers, not because of exchanges that failed", () => {
    const { network, state, repair, end, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    for (let asked = 1; asked <= 13; asked++) {
      network.run(1_001);
      expect(begun()).toBe(asked);
      end(asked > 10);
    }
    expect(state.givenUp).toBe(0);
    network.run(1_001);
    end();
    expect(state.givenUp).toBe(1);
  });

  test("asks another where one does not answer in two seconds, and counts an answer after that for nothing", () => {
    const { network, state, repair, end, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    network.run(2_500);
    expect(begun()).toBe(2);
    end();
    expect(repair.isAsking).toBe(true);
    end();
    expect(repair.isAsking).toBe(false);
  });

  test("asks again after a burst when an exchange has failed, or when there was nobody to ask, thirty times in all", () => {
    const { network, state, hear, end, begun } = createRepair();
    hear(100, 500);
    network.run(601);
    end(false);
    state.peers = false;
    network.run(60_000);
    expect(begun()).toBe(30);
    expect(state.givenUp).toBe(1);
  });

  test("asks every five seconds while a flow goes on, sooner where the last exchange brought what is a second old", () => {
    const { state, repair, hear, end, begun } = createRepair();
    const timeOfNext = (old: boolean) => {
      const before = begun();
      let passedMs = 0;
      for (; begun() === before && passedMs < 10_000; passedMs += 100) hear(20, 100);
      repair.noteNews(old ? state.time - 900 : state.time - 5, true);
      end();
      return passedMs;
    };
    timeOfNext(false);
    expect(timeOfNext(true)).toBeGreaterThanOrEqual(5_000);
    expect(timeOfNext(false)).toBeLessThan(2_500);
    expect(timeOfNext(false)).toBeGreaterThanOrEqual(5_000);
  });

  test("is more patient for a while where gossip has filled a hole late, during an exchange or before", () => {
    const { network, state, repair, end, begun } = createRepair();
    const askedAfterMs = () => {
      const before = begun();
      state.hole = state.time;
      state.time += 2;
      repair.noteNews(state.time - 1, false);
      let passedMs = 0;
      for (; begun() === before && passedMs < 10_000; passedMs += 10) network.run(10);
      return passedMs;
    };
    const fill = () => {
      const filled = state.hole!;
      state.hole = undefined;
      repair.noteNews(filled, false);
      end();
      network.run(1_000);
    };
    expect(askedAfterMs()).toBeLessThanOrEqual(300);
    network.run(200);
    fill();
    const patient = askedAfterMs();
    expect(patient).toBeGreaterThan(450);
    expect(patient).toBeLessThanOrEqual(2_000);
    fill();
    network.run(30_000);
    expect(askedAfterMs()).toBeLessThanOrEqual(300);
  });

  test("does not take the pause between portions of a burst for its end", () => {
    const { network, hear, end, begun } = createRepair();
    const hearPortions = (count: number) => {
      for (let portion = 0; portion < count; portion++) {
        hear(40, 10);
        network.run(400);
        end();
      }
    };
    hearPortions(4);
    const asked = begun();
    hearPortions(8);
    expect(begun()).toBe(asked);
    network.run(2_000);
    expect(begun()).toBe(asked + 1);
  });

  test("asks nobody any more once it is stopped", () => {
    const { network, state, repair, end, begun } = createRepair();
    state.hole = 1;
    repair.noteNews(2, false);
    repair.stop();
    network.run(10_000);
    expect(begun()).toBe(0);
    end();
    repair.noteNews(3, false);
    network.run(10_000);
    expect(begun()).toBe(0);
  });
});
