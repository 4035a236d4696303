import { expect, test } from "vitest";
import { SimulatedNetwork } from "../simulator/index.ts";
import { unknownVersions } from "../wire/versions.ts";
import { Directory } from "./directory.ts";
import type { DisseminationSurroundings } from "./dissemination-policy.ts";
import { Hostmates } from "./hostmates.ts";
import { MemberTable } from "./member-table.ts";
import { type FirstRound, PushRounds, planRounds } from "./push-rounds.ts";

/** When somebody is told, in milliseconds, in a cluster of so many, of whom the first so many are at one address. */
function timesTold(nodes: number, onHost: number, first: FirstRound): readonly number[] {
  return runRounds(nodes, onHost, first).told;
}

function createRounds(nodes: number, onHost: number) {
  const network = new SimulatedNetwork({ seed: 1 });
  const host = network.createHost({ name: "n0", address: "10.0.0.1" });
  const table = new MemberTable(new Directory(), nodes);
  for (let n = 0; n < nodes; n++) {
    const address = n < onHost ? "10.0.0.1" : `10.1.${n >> 8}.${n & 255}`;
    const descriptor = { name: `n${n}`, address, port: n + 1, meta: new Uint8Array(0), versions: unknownVersions };
    table.insert(descriptor, 1, "alive", 0);
  }
  const told: number[] = [];
  const sendBroadcasts = () => told.push(host.clock.monotonicMs()) > 0;
  const options = { nodeName: "n0", retransmitMult: 4, eagerPushesPerSecond: 100 };
  // What rounds need of their surroundings.
  const around = { ...host, table, options, packets: { sendBroadcasts } } as unknown as DisseminationSurroundings;
  const rounds = new PushRounds(
    around,
    new Hostmates(table, options.nodeName),
    (count) => Array.from({ length: count }, () => table.view(1)),
    () => begun.push(host.clock.monotonicMs()),
  );
  const begun: number[] = [];
  return { network, host, rounds, told, begun };
}

function runRounds(nodes: number, onHost: number, first: FirstRound, interruptedAtMs?: number) {
  const { network, host, rounds, told, begun } = createRounds(nodes, onHost);
  rounds.begin(first);
  // Whoever tells everybody itself meanwhile has rounds of another kind, and the wait is over.
  if (interruptedAtMs !== undefined) host.timers.after(interruptedAtMs, () => rounds.begin("never"));
  network.run(1_000);
  return { told, begun };
}

test("the first round is at once where a tree is at work, and waits for an origin that tells everybody", () => {
  expect(timesTold(100, 1, "now").slice(0, 5)).toEqual([0, 0, 0, 0, 0]);
  const [soon = 0] = timesTold(50, 1, "soon");
  expect(soon).toBeGreaterThanOrEqual(8);
  expect(soon).toBeLessThan(16);
});

test("members that share a host let each other be told first, a millisecond each and a tenth of a second at most", () => {
  const [some = 0] = timesTold(100, 21, "now");
  expect(some).toBeGreaterThanOrEqual(20);
  expect(some).toBeLessThan(40);
  const [many = 0] = timesTold(1_000, 1_000, "now");
  expect(many).toBeGreaterThanOrEqual(100);
  expect(many).toBeLessThan(200);
  expect(timesTold(100, 21, "now")).toHaveLength(10);
});

test("what its origin tells everybody on the host is copied when something wakes the node after half of the wait", () => {
  const { network, host, rounds, told, begun } = createRounds(100, 100);
  rounds.beginWhenAwake();
  expect(rounds.isHeldBack).toBe(true);
  network.run(49);
  rounds.noteAwake(host.clock.monotonicMs());
  network.run(400);
  expect(told).toEqual([]);
  rounds.noteAwake(host.clock.monotonicMs());
  expect(told).toEqual([449, 449, 449, 449, 449]);
  expect([rounds.isHeldBack, begun]).toEqual([false, [449]]);
  rounds.noteAwake(host.clock.monotonicMs());
  network.run(500);
  expect(told).toHaveLength(10);
});

test("where nothing wakes the node, what else is to be told does not wait for it", () => {
  const { network, rounds, told } = createRounds(100, 100);
  rounds.beginWhenAwake();
  network.run(20);
  rounds.begin("now");
  network.run(480);
  expect(told[0]).toBeGreaterThanOrEqual(119);
  expect(told[0]).toBeLessThan(220);
  expect(told).toHaveLength(10);
});

test("rounds share what the tree leaves, and leave one transmission to the gossiper where there are three", () => {
  const sum = (plan: readonly number[]) => plan.reduce((total, count) => total + count, 0);
  for (let limit = 4; limit <= 15; limit++) expect([limit, sum(planRounds(limit))]).toEqual([limit, limit - 2]);
  expect(sum(planRounds(40))).toBe(14);
  expect([1, 2, 3].map((limit) => sum(planRounds(limit)))).toEqual([1, 1, 2]);
});

test("the first round is the largest, and never more than half", () => {
  expect([2, 4, 8, 12, 16, 20].map(planRounds)).toEqual([
    [0, 1, 0, 0],
    [1, 1, 0, 0],
    [3, 1, 1, 1],
    [5, 2, 2, 1],
    [6, 3, 3, 2],
    [6, 3, 3, 2],
  ]);
});

test("says when the wait for a first round is over, also where that round does not take place", () => {
  const { told, begun } = runRounds(100, 21, "now");
  expect(begun).toEqual([told[0]]);
  expect(runRounds(100, 21, "now", 7).begun).toEqual([7]);
  expect(runRounds(100, 1, "now").begun).toEqual([]);
});
