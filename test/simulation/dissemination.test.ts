/** When news leaves: the eager policy beside the timer's, in virtual time. Short forms of test/experiments/dissemination.ts. */

import { describe, expect, test } from "vitest";
import { utf8Encode } from "../../src/base/bytes.ts";
import { measure } from "../experiments/dissemination-run.ts";
import { countOf, SerfCluster, statusOf, told } from "../support/serf-cluster.ts";

const noPayload = new Uint8Array(0);

test("one message reaches a hundred nodes in two steps, lossy or not, at the cost of one of the reference's", () => {
  const [none, some, much, timer] = measure({
    nodes: 100,
    runs: [
      { policy: "eager", loss: 0, events: 10 },
      { policy: "eager", loss: 0.05, events: 20 },
      { policy: "eager", loss: 0.25, events: 10 },
      { policy: "timer", loss: 0, events: 4 },
    ],
  });
  expect(none!.p99Ms).toBeLessThan(4);
  expect([some!.medianMs < 5, some!.nodeP99Ms < 5]).toEqual([true, true]);
  expect(much!.medianMs).toBeLessThan(20);
  expect(timer!.medianMs).toBeGreaterThan(300);
  for (const { transmissions } of [none!, some!, timer!]) expect(transmissions).toBeLessThan(12.2);
}, 60_000);

test("one message reaches all while the news of many members is still told", () => {
  const runs = [{ policy: "eager", loss: 0.05, events: 2 }] as const;
  const [result] = measure({ nodes: 128, announcements: 80, runs });
  expect(result!.lastMs.at(-1)).toBeLessThan(60);
}, 30_000);

test("it finds its way encrypted, where half relay nothing, and where each node lacks some of the others", () => {
  const runs = [{ policy: "eager", loss: 0, events: 10 }] as const;
  expect(measure({ nodes: 80, encrypted: true, runs })[0]!.p99Ms).toBeLessThan(4);
  // Where it begins at a node that waits for its timer, the others are quick once they know.
  expect(measure({ nodes: 80, timerShare: 0.5, runs })[0]!.nodeMedianMs).toBeLessThan(150);
  expect(measure({ nodes: 80, unknownShare: 0.05, runs })[0]!.p99Ms).toBeLessThan(60);
});

test("in clusters of two and of five all know within a trip, or with loss a few milliseconds", () => {
  for (const nodes of [2, 5]) {
    const [none, some] = measure({
      nodes,
      runs: [
        { policy: "eager", loss: 0, events: 50 },
        // So many that the hundredth is no matter of luck: of two copies lost, the third comes after some 10 ms.
        { policy: "eager", loss: 0.05, events: 1_000 },
      ],
    });
    expect(none!.p99Ms).toBeLessThan(1);
    expect(some!.nodeP99Ms).toBeLessThan(12);
  }
});

describe("eager nodes", () => {
  const quick = { broadcastTimeoutMs: 1_000, coalescePeriodMs: 0 };

  test("tell of a newcomer, of tags and of a leave within milliseconds", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(20, quick);
    // Since it was a crowd that joined.
    cluster.network.run(10_000);
    const newcomer = cluster.start("newcomer", quick);
    cluster.join(newcomer, nodes[7]!);
    cluster.expectSoon(() => nodes.every((node) => statusOf(node, "newcomer") === "alive"), "it is known", 5);
    newcomer.serf.setTags({ role: "new" }, () => undefined);
    const tagged = () => nodes.every(({ serf }) => serf.member("newcomer")!.tags["role"] === "new");
    cluster.expectSoon(tagged, "its tags are known", 5);
    newcomer.serf.leave(() => undefined);
    cluster.expectSoon(() => nodes.every((node) => statusOf(node, "newcomer") === "left"), "its leave is known", 1_500);
  });

  test("hear of a failure within milliseconds of each other", () => {
    const cluster = new SerfCluster(1);
    const [victim, ...others] = cluster.startJoined(20, quick);
    cluster.network.crash(victim!.host);
    cluster.expectSoon(() => others.some((node) => countOf(node, "failed") === 1), "one finds out");
    cluster.expectSoon(() => others.every((node) => countOf(node, "failed") === 1), "all know", 10);
  });

  test("answer a query within milliseconds, and it ends with the last answer", () => {
    const cluster = new SerfCluster(1);
    const [asker, ...others] = cluster.startJoined(20, quick);
    cluster.network.run(5_000);
    for (const { events } of others) {
      const push = events.push.bind(events);
      events.push = (...more) => {
        for (const event of more) if (event.kind === "query") event.respond(utf8Encode("here"));
        return push(...more);
      };
    }
    const ends: string[] = [];
    const answers: string[] = [];
    asker!.serf.query(
      "where",
      noPayload,
      { requestAck: true, filterNodes: others.map(({ name }) => name) },
      {
        responded: (from) => void answers.push(from),
        ended: (reason) => void ends.push(reason),
      },
    );
    cluster.expectSoon(() => ends.length === 1, "the query ends", 10);
    expect([ends, answers.length]).toEqual([["complete"], 19]);
  });

  test("put what is queued in one turn into one packet for each receiver", () => {
    const cluster = new SerfCluster(1);
    const [a, ...others] = cluster.startJoined(5, quick);
    cluster.network.run(20_000);
    const before = cluster.network.traffic.packets;
    for (let index = 0; index < 10; index++) a!.serf.userEvent(`e${index}`, noPayload, false);
    cluster.network.run(3);
    for (const other of others) expect(told(other).filter((line) => line.startsWith("user"))).toHaveLength(10);
    expect(cluster.network.traffic.packets - before).toBeLessThan(20);
  });

  test("send what they begin after a pause before they are told of it themselves, and what follows at once together", () => {
    const cluster = new SerfCluster(1);
    const [a, ...others] = cluster.startJoined(5, quick);
    cluster.network.run(20_000);
    const before = cluster.network.traffic.packets;
    const sentWhenTold: number[] = [];
    const push = a!.events.push.bind(a!.events);
    a!.events.push = (...more) => {
      sentWhenTold.push(cluster.network.traffic.packets - before);
      return push(...more);
    };
    for (let index = 0; index < 10; index++) a!.serf.userEvent(`e${index}`, noPayload, false);
    expect(sentWhenTold).toEqual(Array.from({ length: 10 }, () => others.length));
    cluster.network.run(0.1);
    expect(cluster.network.traffic.packets - before).toBe(2 * others.length);
  });

  test("leave it to the origin of a small cluster to tell all first, and are not put off again and again by more of its news", () => {
    const cluster = new SerfCluster(1);
    const memberlist = { probeIntervalMs: 0, pushPullIntervalMs: 0, gossipIntervalMs: 60_000 };
    const [a, ...others] = cluster.startJoined(20, { ...quick, memberlist });
    cluster.network.run(20_000);
    const before = cluster.network.traffic.packets;
    const sent = () => cluster.network.traffic.packets - before;
    a!.serf.userEvent("one", noPayload, false);
    cluster.network.run(2);
    for (const other of others) expect(told(other)).toContain("user one");
    // One of its later rounds may be as early.
    expect(sent()).toBeLessThanOrEqual(20);
    for (let index = 0; index < 20; index++) {
      cluster.network.run(1);
      a!.serf.userEvent(`e${index}`, noPayload, false);
    }
    const fromOrigin = 21 * others.length;
    expect(sent() - fromOrigin).toBeGreaterThan(others.length);
  });

  test("are told by the origin where they share a host, and tell each other what of that was lost", () => {
    const cluster = new SerfCluster(1);
    const [a, b, ...others] = cluster.startJoinedOnOneHost(80, quick);
    cluster.network.run(20_000);
    const knowing = (name: string) => others.filter((node) => told(node).includes(`user ${name}`)).length;
    a!.serf.userEvent("one", noPayload, false);
    cluster.network.run(0.6);
    expect(knowing("one")).toBe(others.length);
    cluster.network.run(5_000);
    cluster.network.setLoss(0.25);
    a!.serf.userEvent("two", noPayload, false);
    cluster.network.run(0.6);
    expect(knowing("two")).toBeLessThan(others.length);
    cluster.expectSoon(() => knowing("two") === others.length, "all are told", 400);
    cluster.network.run(5_000);
    // Where the origin is gone, its copies wake nobody: what goes along with pings does.
    b!.serf.userEvent("three", noPayload, false);
    cluster.network.run(0.6);
    cluster.network.crash(b!.host);
    expect(knowing("three")).toBeLessThan(others.length);
    cluster.expectSoon(() => knowing("three") === others.length, "all are told", 400);
  });

  test("send no more packets a second than they may, and lose nothing by it", () => {
    const cluster = new SerfCluster(1);
    const memberlist = {
      eagerPacketsPerSecond: 100,
      eagerPushesPerSecond: 10,
      probeIntervalMs: 0,
      pushPullIntervalMs: 0,
    };
    const [a, ...others] = cluster.startJoined(5, { ...quick, memberlist });
    cluster.network.run(20_000);
    const before = cluster.network.traffic.packets;
    for (let index = 0; index < 500; index++) {
      a!.serf.userEvent(`e${index}`, noPayload, false);
      cluster.network.run(2);
    }
    const perNode = (cluster.network.traffic.packets - before) / 5;
    // A second's allowance, the bursts at its beginning, and the gossiper's packets.
    expect(perNode).toBeLessThan(100 / 5 + 10 / 5 + 2 * 10 + 15 + 10);
    // They wait until so few packets can take them.
    cluster.network.run(8_000);
    for (const other of others) expect(told(other).filter((line) => line.startsWith("user"))).toHaveLength(500);
  });

  test("can be told to wait for the timer while they run, and to be eager again", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, quick);
    cluster.network.run(5_000);
    const delayOf = (name: string) => {
      const startMs = cluster.network.nowMs;
      a!.serf.userEvent(name, noPayload, false);
      cluster.expectSoon(() => told(b!).includes(`user ${name}`), "it arrives");
      return cluster.network.nowMs - startMs;
    };
    expect(delayOf("one")).toBeLessThan(2);
    a!.serf.memberlist.disseminate("timer");
    const delays = ["two", "three", "four"].map(delayOf);
    expect(Math.max(...delays)).toBeGreaterThan(20);
    a!.serf.memberlist.disseminate("eager");
    expect(delayOf("five")).toBeLessThan(2);
  });
});
