import { describe, expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { Broadcasts } from "./broadcasts.ts";

const nowhere = { packetBytesMax: () => 1390, receivers: () => [], send: () => undefined };

function createBroadcasts() {
  const host = new SimulatedNetwork({ seed: 1 }).createHost({ address: "10.0.0.1" });
  const broadcasts = new Broadcasts({ retransmitMult: 1, nodeCount: () => 1, ...nowhere }, host);
  const message = (first: number, bytes: number) => ({ message: new Uint8Array(bytes).fill(first, 0, 1) });
  const take = (overheadBytes: number, bytesMax: number) =>
    broadcasts.take(overheadBytes, bytesMax).map(([first]) => first);
  return { host, broadcasts, message, take };
}

describe("the broadcasts", () => {
  test("put intents before queries, and queries before events", () => {
    const { broadcasts, message, take } = createBroadcasts();
    broadcasts.events.queue(message(3, 100));
    broadcasts.queries.queue(message(2, 100));
    broadcasts.intents.queue(message(1, 100));
    expect(take(2, 1400)).toEqual([1, 2, 3]);
  });

  test("share one packet: what intents take is not there for the others", () => {
    const { host, broadcasts, message, take } = createBroadcasts();
    broadcasts.intents.queue(message(1, 500));
    broadcasts.queries.queue(message(2, 500));
    broadcasts.events.queue(message(3, 500));
    broadcasts.events.queue(message(4, 94));
    expect(take(2, 1100)).toEqual([1, 2, 4]);
    expect(take(2, 1100)).toEqual([3]);
    expect(host.metrics.samples.get("serf.msgs.sent")).toEqual({ count: 4, sum: 1594, max: 500 });
  });

  test("are bounded also between two checks of their depth", () => {
    const { broadcasts, message } = createBroadcasts();
    for (let index = 0; index < 20_000; index++) broadcasts.queries.queue(message(1, 10));
    expect(broadcasts.queries.length).toBe(16_384);
    for (let index = 0; index < 2_000; index++) broadcasts.events.queue(message(1, 10));
    expect(broadcasts.events.length).toBe(1_024);
  });
});

test("events wait a moment where what is sent at once is crowded, and for the queue where nothing is sent so", () => {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const broadcasts = new Broadcasts({ retransmitMult: 4, nodeCount: () => 10, ...nowhere }, host);
  let transmits = 1;
  broadcasts.whenQueued(() => transmits);
  const queue = () => broadcasts.events.queue({ message: new Uint8Array(10) });
  const seen: boolean[] = [];
  const look = (afterMs: number) => {
    network.run(afterMs);
    seen.push(broadcasts.hasRoomForEvent);
  };
  for (let i = 0; i < 1_024; i++) queue();
  look(0);
  transmits = 0;
  queue();
  look(0);
  queue();
  look(140);
  look(20);
  expect(seen.splice(0)).toEqual([true, false, false, true]);
  transmits = 1;
  queue();
  look(0);
  transmits = 0;
  queue();
  look(200);
  queue();
  look(200);
  expect(seen.splice(0)).toEqual([true, true, false]);
});
