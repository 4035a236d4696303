import { describe, expect, test } from "vitest";
import type { Coordinate } from "../../src/coordinate/coordinate.ts";
import { f64, field, list, struct } from "../../src/wire/schema.ts";
import { serfVersions } from "../support/members.ts";
import { countOf, SerfCluster, statusOf, told } from "../support/serf-cluster.ts";
import { aliveMessage, Puppet } from "./puppet.ts";

describe("a cluster of Serf nodes", () => {
  test.each([2, 3, 5, 10])("of %i sees everybody join, once", (count) => {
    const cluster = new SerfCluster(count);
    const nodes = cluster.startJoined(count);
    cluster.network.run(60_000);
    for (const node of nodes) {
      expect(countOf(node, "alive")).toBe(count);
      expect(told(node).toSorted()).toEqual(nodes.map(({ name }) => `member-join ${name}`).toSorted());
    }
  });

  test("tells tags on joining and when they change", () => {
    const cluster = new SerfCluster(1);
    const a = cluster.start("a", { tags: { role: "web" } });
    const b = cluster.start("b");
    cluster.join(b, a);
    expect(b.serf.members().find(({ name }) => name === "a")?.tags).toEqual({ role: "web" });
    expect(cluster.settle((done) => a.serf.setTags({ role: "db", dc: "east" }, done))).toBeUndefined();
    expect(a.serf.localMember.tags).toEqual({ role: "db", dc: "east" });
    expect(b.serf.members().find(({ name }) => name === "a")?.tags).toEqual({ role: "db", dc: "east" });
    expect(told(b).at(-1)).toBe("member-update a");
  });

  test("refuses tags beyond 512 bytes and keeps those it has", () => {
    const a = new SerfCluster(1).start("a", { tags: { role: "web" } });
    expect(() => a.serf.setTags({ role: "x".repeat(512) }, () => undefined)).toThrow(
      expect.objectContaining({
        code: "TAGS_TOO_LARGE",
        message: "Encoded length of tags exceeds limit of 512 bytes",
      }),
    );
    expect(a.serf.localMember.tags).toEqual({ role: "web" });
  });

  test("with a node of protocol 2 shares the role alone", () => {
    const cluster = new SerfCluster(1);
    const old = cluster.start("old", { protocolVersion: 2, tags: { role: "web", dc: "east" } });
    const young = cluster.start("young", { tags: { role: "db", dc: "west" } });
    cluster.join(young, old);
    const seen = young.serf.members().find(({ name }) => name === "old");
    expect(seen?.tags).toEqual({ role: "web" });
    expect(seen?.versions).toEqual({
      protocolMin: 1,
      protocolMax: 5,
      protocolCurrent: 2,
      delegateMin: 2,
      delegateMax: 5,
      delegateCurrent: 2,
    });
  });

  test("sees a graceful leave as left, at every node", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    const startMs = cluster.network.nowMs;
    expect(cluster.settle((done) => c!.serf.leave(done))).toBeUndefined();
    expect(cluster.network.nowMs - startMs).toBeLessThan(5000);
    expect(c!.serf.state).toBe("left");
    c!.serf.shutdown();
    cluster.network.run(30_000);
    for (const node of [a!, b!]) {
      expect(statusOf(node, "node-3")).toBe("left");
      expect(told(node)).toContain("member-leave node-3");
      expect(told(node)).not.toContain("member-failed node-3");
    }
  });

  test("lets one that is alone leave without waiting for anybody", () => {
    const cluster = new SerfCluster(1);
    const a = cluster.start("a");
    const startMs = cluster.network.nowMs;
    cluster.settle((done) => a.serf.leave(done));
    expect(cluster.network.nowMs - startMs).toBe(1000);
    expect(told(a)).toEqual(["member-join a", "member-leave a"]);
  });

  test("refuses to leave twice at once, to join after leaving, and to do anything once shut down", () => {
    const cluster = new SerfCluster(1);
    const a = cluster.start("a");
    let second: Error | undefined;
    cluster.settle((done) => {
      a.serf.leave(done);
      a.serf.leave((error) => {
        second = error;
      });
    });
    expect(second?.message).toBe("Leave already in progress");
    expect(() => a.serf.join(["10.0.0.2"], true, () => undefined)).toThrow("Serf can't Join after Leave or Shutdown");
    expect(cluster.settle((done) => a.serf.leave(done))).toBeUndefined();
    a.serf.shutdown();
    a.serf.shutdown();
    expect(() => a.serf.userEvent("x", new Uint8Array(0), false)).toThrow(
      expect.objectContaining({ code: "NOT_RUNNING" }),
    );
    let afterwards: Error | undefined;
    a.serf.leave((error) => {
      afterwards = error;
    });
    expect(afterwards?.message).toBe("Leave called after Shutdown");
  });

  test("is not rejoined by a join that was under way when the leave began", () => {
    const cluster = new SerfCluster(1, 50);
    const [a, b] = cluster.startJoined(2);
    const late = cluster.start("late");
    const results: number[] = [];
    const join = () => late.serf.join([a!.host.address], true, ({ joined }) => results.push(joined));
    join();
    join();
    expect(cluster.settle((done) => late.serf.leave(done))).toBeUndefined();
    expect(results).toEqual([1, 0]);
    late.serf.shutdown();
    cluster.network.run(60_000);
    for (const node of [a!, b!]) expect(statusOf(node, "late")).not.toBe("alive");
  });

  test("is left, not failed, though a join ended after the leave began", () => {
    const cluster = new SerfCluster(1, 50);
    const [a, b, c] = cluster.startJoined(3);
    c!.serf.join([b!.host.address], true, () => undefined);
    cluster.settle((done) => c!.serf.leave(done));
    c!.serf.shutdown();
    cluster.network.run(60_000);
    for (const node of [a!, b!]) expect(statusOf(node, "node-3")).toBe("left");
  });

  test("leaves though nobody hears of it in time, and says so", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2, { broadcastTimeoutMs: 100, memberlist: { dissemination: "timer" } });
    const startMs = cluster.network.nowMs;
    expect(cluster.settle((done) => a!.serf.leave(done))).toBeUndefined();
    expect(cluster.network.nowMs - startMs).toBe(1200);
    const warnings = a!.host.logger.lines.filter(({ level }) => level === "WARN").map(({ message }) => message);
    expect(warnings[0]).toBe("serf: timeout while waiting for graceful leave");
    expect(warnings[1]).toMatch(/^serf: timeout waiting for leave broadcast: /);
  });

  test("fails the joins that a shutdown leaves waiting", () => {
    const cluster = new SerfCluster(1);
    const a = cluster.start("a");
    const results: number[] = [];
    for (let index = 0; index < 3; index++)
      a.serf.join(["10.9.9.9"], true, ({ joined, failures }) => results.push(joined, failures.length));
    a.serf.shutdown();
    cluster.network.run(60_000);
    expect(results).toEqual([0, 1, 0, 1, 0, 1]);
  });

  test("sees a crash as failed, and the restart as alive again", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    cluster.network.crash(c!.host);
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === "failed"), "both see it failed");
    const again = cluster.start("node-3", { tags: { life: "second" } }, c!.host.address);
    cluster.join(again, a!);
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === "alive"), "both see it alive");
    expect(told(b!).filter((line) => line.includes("node-3"))).toEqual([
      "member-join node-3",
      "member-failed node-3",
      "member-join node-3",
    ]);
    expect(b!.serf.members().find(({ name }) => name === "node-3")?.tags).toEqual({ life: "second" });
  });

  test("takes back a member that left and rejoins", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    cluster.settle((done) => c!.serf.leave(done));
    c!.serf.shutdown();
    cluster.network.run(5000);
    const again = cluster.start("node-3", {}, c!.host.address);
    cluster.join(again, a!);
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === "alive"), "both see it alive");
    cluster.network.run(120_000);
    for (const node of [a!, b!, again]) expect(countOf(node, "alive")).toBe(3);
  });

  test("tries to reach failed members again, and finds them when the partition heals", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(4);
    const [left, right] = [nodes.slice(0, 2), nodes.slice(2)];
    cluster.network.partition(
      left.map(({ host }) => host),
      right.map(({ host }) => host),
    );
    cluster.expectSoon(() => nodes.every((node) => countOf(node, "failed") === 2), "each side sees the other failed");
    cluster.network.run(120_000);
    cluster.network.heal();
    cluster.expectSoon(() => nodes.every((node) => countOf(node, "alive") === 4), "all see all alive", 180_000);
    const log = nodes.flatMap(({ host }) => host.logger.lines.map(({ message }) => message));
    expect(log.some((line) => /^serf: attempting reconnect to node-\d 10\.0\.0\.\d:7946$/.test(line))).toBe(true);
  });

  test("forgets failed members after their time", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { reconnectTimeoutMs: 60_000 });
    cluster.network.crash(b!.host);
    cluster.expectSoon(() => statusOf(a!, "node-2") === "failed", "it is failed");
    cluster.expectSoon(() => statusOf(a!, "node-2") === undefined, "it is forgotten", 90_000);
    expect(told(a!).at(-1)).toBe("member-reap node-2");
  });
});

describe("force-leave", () => {
  test("makes a failed member left, at every node", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    cluster.network.crash(c!.host);
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === "failed"), "both see it failed");
    expect(cluster.settle((done) => a!.serf.forceLeave("node-3", false, done))).toBeUndefined();
    cluster.expectSoon(() => statusOf(b!, "node-3") === "left", "the other sees it left");
    cluster.network.run(60_000);
    expect(statusOf(a!, "node-3")).toBe("left");
    expect(statusOf(b!, "node-3")).toBe("left");
  });

  test("with prune forgets it, at every node", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    cluster.network.crash(c!.host);
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === "failed"), "both see it failed");
    cluster.settle((done) => a!.serf.forceLeave("node-3", true, done));
    cluster.expectSoon(() => [a!, b!].every((node) => statusOf(node, "node-3") === undefined), "both forgot it");
    cluster.network.run(60_000);
    expect(a!.serf.members()).toHaveLength(2);
    expect(b!.serf.members()).toHaveLength(2);
    expect(told(b!).slice(-3)).toEqual(["member-failed node-3", "member-leave node-3", "member-reap node-3"]);
  });

  test("of a member that is alive is refuted by it, prune or not", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(3);
    cluster.settle((done) => nodes[0]!.serf.forceLeave("node-3", true, done));
    cluster.network.run(30_000);
    for (const node of nodes) expect(statusOf(node, "node-3")).toBe("alive");
    const log = nodes[2]!.host.logger.lines.map(({ level, message }) => `${level} ${message}`);
    expect(log).toContain("DEBUG serf: Refuting an older leave intent");
  });

  test("of a name nobody knows is no error", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2);
    expect(cluster.settle((done) => a!.serf.forceLeave("nobody", false, done))).toBeUndefined();
  });

  test("that nobody can hear of in time says so", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2, { broadcastTimeoutMs: 100, memberlist: { dissemination: "timer" } });
    expect(cluster.settle((done) => a!.serf.forceLeave("nobody", false, done))).toMatchObject({
      code: "TIMEOUT",
      message: "timed out broadcasting node removal",
    });
  });
});

describe("a coordinate in an ack", () => {
  const good = { vec: [0, 0, 0, 0, 0, 0, 0, 0], error: 1.5, adjustment: 0, height: 0.000_01 };
  const acceptable = ackOf(good);
  test.each<[string, Uint8Array]>([
    ["that is well", acceptable],
    ["with NaN", ackOf({ ...good, vec: [Number.NaN, 0, 0, 0, 0, 0, 0, 0] })],
    ["with infinity", ackOf({ ...good, height: Number.POSITIVE_INFINITY })],
    ["of another dimension", ackOf({ ...good, vec: [1, 2, 3] })],
    ["cut off", ackOf(good).subarray(0, 20)],
    ["of an unknown version", Uint8Array.of(2, 0x80)],
  ])("%s does no harm (accident 11)", (_, payload) => {
    const cluster = new SerfCluster(1);
    const node = cluster.start("node-1");
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.answersPings = true;
    puppet.ackPayload = payload;
    puppet.send(node.host.address, aliveMessage("puppet", "10.0.1.1", { versions: serfVersions }));
    cluster.network.run(20_000);
    expect(puppet.heardOf("ping").length).toBeGreaterThan(10);
    expect(statusOf(node, "puppet")).toBe("alive");
    expect(JSON.stringify(node.serf.stats())).not.toMatch(/NaN|Infinity/);
    expect(node.serf.coordinate("puppet") !== undefined).toBe(payload === acceptable);
    const own = node.serf.coordinate("node-1");
    expect(own?.vec.every(Number.isFinite)).toBe(true);
    expect(own?.vec.some((axis) => axis !== 0)).toBe(payload === acceptable);
  });
});

describe("intents and states", () => {
  test("a push/pull alone brings statuses to a node that missed them", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    cluster.network.partition([c!.host], [a!.host, b!.host]);
    cluster.network.crash(b!.host);
    cluster.expectSoon(() => statusOf(a!, "node-2") === "failed", "it is failed");
    cluster.settle((done) => a!.serf.forceLeave("node-2", false, done));
    cluster.expectSoon(() => statusOf(c!, "node-2") === "failed", "it is failed there too");
    cluster.network.heal();
    cluster.expectSoon(() => statusOf(c!, "node-2") === "left", "the leave arrives", 180_000);
  });

  test("leave intents about one member do not go round for ever (accident 12, serf#606)", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(5);
    cluster.network.crash(nodes[4]!.host);
    const alive = nodes.slice(0, 4);
    cluster.expectSoon(() => alive.every((node) => statusOf(node, "node-5") === "failed"), "all see it failed");
    for (let round = 0; round < 10; round++) {
      for (const node of alive) node.serf.forceLeave("node-5", false, () => undefined);
      cluster.network.run(100);
    }
    cluster.network.run(30_000);
    for (const node of alive) {
      expect(node.serf.stats()["intent_queue"]).toBe("0");
      expect(statusOf(node, "node-5")).toBe("left");
    }
    const countReceived = () => alive.map(({ host }) => host.metrics.samples.get("serf.msgs.received")?.count);
    const receivedBefore = countReceived();
    cluster.network.run(30_000);
    expect(countReceived()).toEqual(receivedBefore);
  });

  test("stats can be asked for from within an event (accident 14)", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    const answers: unknown[] = [];
    a!.events.push = (...events) => answers.push(...events.map(() => a!.serf.stats()));
    b!.serf.setTags({ role: "web" }, () => undefined);
    cluster.network.run(5000);
    expect(answers).toEqual([
      {
        members: "2",
        failed: "0",
        left: "0",
        health_score: "0",
        member_time: expect.any(String),
        event_time: "1",
        query_time: "1",
        intent_queue: "0",
        event_queue: "0",
        query_queue: "0",
        encrypted: "false",
        coordinate_resets: "0",
      },
    ]);
  });
});

/** As Go agents send it: version 1 of the payload and a map of the coordinate. */
function ackOf(coordinate: Coordinate): Uint8Array {
  const schema = struct({
    vec: field("Vec", list(f64)),
    error: field("Error", f64),
    adjustment: field("Adjustment", f64),
    height: field("Height", f64),
  });
  return schema.encode(coordinate, 1);
}
