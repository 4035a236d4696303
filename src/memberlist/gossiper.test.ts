import { describe, expect, it } from "vitest";
import type { Metrics } from "../base/host.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import type { UserDataDelegate } from "./delegates.ts";
import { Memberlist } from "./memberlist.ts";

/** Two members of a cluster, the first of which counts its timers and its rounds of gossip, with nothing left to tell. */
function createPair(layer: Partial<UserDataDelegate>) {
  const network = new SimulatedNetwork({ seed: 1 });
  const counted = { timers: 0, rounds: 0 };
  const host = network.createHost({ name: "a", address: "10.0.0.1" });
  const metrics: Metrics = {
    increment: () => undefined,
    gauge: () => undefined,
    sample: (name) => {
      if (name === "memberlist.gossip") counted.rounds += 1;
    },
  };
  const timers = {
    after: (delayMs: number, fire: () => void) => {
      counted.timers += 1;
      return host.timers.after(delayMs, fire);
    },
  };
  const userData: UserDataDelegate = {
    nodeMeta: () => new Uint8Array(0),
    receiveUserMessage: () => undefined,
    takeBroadcasts: () => [],
    localState: () => new Uint8Array(0),
    mergeRemoteState: () => undefined,
    ...layer,
  };
  const one = new Memberlist({ nodeName: "a", dissemination: "timer" }, { ...host, metrics, timers }, { userData });
  const other = new Memberlist(
    { nodeName: "b", dissemination: "timer" },
    network.createHost({ name: "b", address: "10.0.0.2" }),
  );
  one.start();
  other.start();
  other.join(["10.0.0.1"], () => undefined);
  network.run(10_000);
  counted.timers = 0;
  counted.rounds = 0;
  return { network, one, other, counted };
}

describe("the gossiper", () => {
  it("sleeps while nothing is pending", () => {
    const { network, counted } = createPair({ whenQueued: () => undefined });
    network.run(10_000);
    expect(counted.rounds).toBe(0);
    // A probe a second: the next turn, the ping's timeout, the whole probe's. Rounds of gossip alone would be fifty.
    expect(counted.timers).toBeLessThan(40);
  });

  it("wakes within an interval when something is queued, and sleeps again when all is told", () => {
    let meta = Uint8Array.of(1);
    const { network, one, other, counted } = createPair({ whenQueued: () => undefined, nodeMeta: () => meta });
    meta = Uint8Array.of(2);
    one.updateMeta(0, () => undefined);
    network.run(250);
    expect(other.member("a")?.meta).toEqual(Uint8Array.of(2));
    network.run(10_000);
    const told = counted.rounds;
    network.run(10_000);
    expect(counted.rounds).toBe(told);
  });

  it("looks at every interval where the layer above does not say when it has something to tell", () => {
    const pending = [Uint8Array.of(7)];
    const { network, counted } = createPair({ takeBroadcasts: () => pending.splice(0) });
    network.run(2_000);
    expect(counted.rounds).toBe(10);
  });
});
