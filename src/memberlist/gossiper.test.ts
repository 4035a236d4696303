import { describe, expect, it } from "vitest";
import type { Metrics } from "../base/host.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { encodeMessage } from "../wire/codecs.ts";
import { BroadcastQueue } from "./broadcast-queue.ts";
import type { UserDataDelegate } from "./delegates.ts";
import { Memberlist } from "./memberlist.ts";

/** Two members of a cluster, the first of which counts its timers and its rounds of gossip, with nothing left to tell. */
function createPair(layer: Partial<UserDataDelegate>, dissemination: "timer" | "eager" = "timer") {
  const network = new SimulatedNetwork({ seed: 1 });
  const counted = { timers: 0, soon: 0, rounds: 0 };
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
      if (delayMs > 0 && delayMs < 200) counted.soon += 1;
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
  const one = new Memberlist(
    { nodeName: "a", dissemination, fastFailure: false },
    { ...host, metrics, timers },
    { userData },
  );
  const other = new Memberlist(
    { nodeName: "b", dissemination },
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

/**
 * A pair with forty more members on the first one's host, for whose sake a first round waits for 45 ms and more. Told something by a stranger, the first one has so much
 * to pass on as a member of a cluster of `nodes` has.
 */
function createCrowd(nodes: number) {
  const passOn = new BroadcastQueue({ nodeCount: () => nodes, retransmitMult: 4, lengthMax: 64 });
  const { network, counted, one } = createPair(
    {
      whenQueued: (listener) => passOn.whenQueued(listener),
      takeBroadcasts: (overhead, bytesMax) => passOn.take(overhead, bytesMax),
      receiveUserMessage: (message) => passOn.queue({ message, origin: "elsewhere" }),
    },
    "eager",
  );
  for (let n = 0; n < 40; n++) {
    const host = network.createHost({ name: `c${n}`, address: "10.0.0.1", port: 8_000 + n });
    const other = new Memberlist({ nodeName: `c${n}`, dissemination: "timer" }, host);
    other.start();
    other.join(["10.0.0.1:7946"], () => undefined);
  }
  network.run(20_000);
  expect(one.members()).toHaveLength(42);
  const stranger = network.createHost({ name: "stranger", address: "10.0.9.9" });
  const tell = (what: number) => {
    const payload = Uint8Array.of(what >> 8, what);
    stranger.transport.sendPacket({ address: "10.0.0.1", port: 7946 }, encodeMessage({ kind: "user", payload }));
  };
  return { network, counted, tell };
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

  it("sleeps while copies are held back, and wakes when they leave", () => {
    const { counted, network, tell } = createCrowd(3);
    for (let turn = 0; turn < 8; turn++) {
      counted.rounds = counted.soon = 0;
      tell(turn);
      network.run(44);
      expect(counted).toMatchObject({ rounds: 0, soon: 1 }); // the timer of the first round
      network.run(5_000);
      expect(counted.rounds).toBeGreaterThan(0);
    }
  });

  it("leaves out a round that comes while copies are held back, but never two in a row", () => {
    const { counted, network, tell } = createCrowd(1e9);
    for (let turn = 0; turn < 20; turn++) {
      tell(turn);
      network.run(600);
      expect(counted.rounds).toBeGreaterThan(0); // it is awake, and has something to tell for seconds
      counted.rounds = 0;
      tell(100 + turn);
      network.run(44);
      expect(counted.rounds).toBe(0);
      for (let again = 0; again < 20; again++) {
        tell(1_000 + 100 * turn + again);
        network.run(50);
      }
      expect(counted.rounds).toBeGreaterThan(0);
      network.run(20_000);
      counted.rounds = 0;
    }
  });

  it("looks at every interval where the layer above does not say when it has something to tell", () => {
    const pending = [Uint8Array.of(7)];
    const { network, counted } = createPair({ takeBroadcasts: () => pending.splice(0) });
    network.run(2_000);
    expect(counted.rounds).toBe(10);
  });
});
