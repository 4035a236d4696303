import { expect, test } from "vitest";
import { memberlistMember } from "../../test/support/members.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { Broadcasts } from "./broadcasts.ts";
import { LeaveIntents } from "./leave-intents.ts";
import { Membership } from "./membership.ts";

function createNode() {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ address: "10.0.0.1" });
  const nothing = () => undefined;
  const node = { name: "self", isStaying: () => false, refuteLeave: nothing, erased: nothing, tell: nothing };
  const membership = new Membership(node, { flapTimeoutMs: 60_000, pruneDelayMs: 6_000 }, host);
  membership.memberJoined(memberlistMember("self"));
  const broadcasts = new Broadcasts(
    { retransmitMult: 4, nodeCount: () => 2, packetBytesMax: () => 1_400, receivers: () => [], send: nothing },
    host,
  );
  const parts = { membership, broadcasts, nodeName: "self", broadcastTimeoutMs: 5_000, gossipIntervalMs: 200 };
  const done: string[] = [];
  const leave = () => new LeaveIntents(parts, host).announceOwn((told) => void done.push(`${told} ${network.nowMs}`));
  return { network, membership, intents: broadcasts.intents, done, leave };
}

test("a leave alone is told at once", () => {
  const { done, leave } = createNode();
  leave();
  expect(done).toEqual(["true 0"]);
});

test("a leave that was sent at once goes ahead of what memberlist says of it", () => {
  const { network, membership, intents, done, leave } = createNode();
  membership.memberJoined(memberlistMember("other"));
  // As a policy does that tells everybody at once, so that one packet of the gossiper's is enough.
  intents.whenQueued(() => 100);
  leave();
  network.run(10);
  expect(intents.take(0, 1_400)).toHaveLength(1);
  expect(intents.length).toBe(0);
  network.run(10_000);
  expect(done).toEqual(["true 400"]);
});

test("a leave that nobody takes is given up in time", () => {
  const { network, membership, done, leave } = createNode();
  membership.memberJoined(memberlistMember("other"));
  leave();
  network.run(10_000);
  expect(done).toEqual(["false 5000"]);
});
