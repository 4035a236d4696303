import { describe, expect, test } from "vitest";
import { utf8Decode } from "../../src/base/bytes.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { countOf, SerfCluster, type SimulatedNode, statusOf, told } from "../support/serf-cluster.ts";

const snapshotPath = "/snapshot";
const noPayload = new Uint8Array(0);

function crash(cluster: SerfCluster, node: SimulatedNode): void {
  cluster.network.crash(node.host);
}

/** A new process on the machine of one that is gone. */
function restart(cluster: SerfCluster, node: SimulatedNode, options: Partial<SerfOptions> = {}): SimulatedNode {
  return cluster.start(node.name, { snapshotPath, ...options }, node.host.address);
}

function leave(cluster: SerfCluster, node: SimulatedNode): void {
  cluster.settle((done) => node.serf.leave(() => done(undefined)));
  node.serf.shutdown();
  cluster.network.run(10);
  crash(cluster, node);
}

function hasLogged(node: SimulatedNode, text: string): boolean {
  return node.host.logger.lines.some(({ message }) => message.includes(text));
}

describe("a node with a snapshot", () => {
  test("is back in its cluster after a crash, joining nobody", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3, { snapshotPath });
    cluster.network.run(1_000);
    crash(cluster, c!);
    cluster.network.run(60_000);
    expect(statusOf(a!, "node-3")).toBe("failed");
    const again = restart(cluster, c!);
    cluster.expectSoon(() => [a!, b!, again].every((node) => countOf(node, "alive") === 3), "all see all");
    expect(hasLogged(again, "serf: Re-joined to previously known node: node-")).toBe(true);
    const timeOf = ({ serf }: SimulatedNode) => serf.stats()["member_time"];
    cluster.expectSoon(() => timeOf(again) === timeOf(a!), "one Lamport time");
  });

  test("tries one member after another until one answers, not always in the same order", () => {
    const first = new Set<string>();
    for (let seed = 1; seed <= 12; seed++) {
      const cluster = new SerfCluster(seed);
      const [a, b, c] = cluster.startJoined(3, { snapshotPath });
      cluster.network.run(1_000);
      crash(cluster, c!);
      crash(cluster, b!);
      const again = restart(cluster, c!);
      cluster.expectSoon(() => statusOf(again, "node-1") === "alive", "it finds the one that is up");
      expect(statusOf(a!, "node-3")).toBe("alive");
      const attempts = again.host.logger.lines.filter(({ message }) => message.includes("Attempting re-join"));
      first.add(attempts[0]!.message);
    }
    expect(first.size).toBe(2);
  });

  test("starts alone after a leave, unless it is to rejoin", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { snapshotPath });
    leave(cluster, b!);
    const alone = restart(cluster, b!);
    cluster.network.run(120_000);
    expect(countOf(alone, "alive")).toBe(1);
    expect(statusOf(a!, "node-2")).toBe("left");
  });

  test("is back after a leave if it is to rejoin", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { snapshotPath });
    leave(cluster, b!);
    restart(cluster, b!, { rejoinAfterLeave: true });
    cluster.expectSoon(() => statusOf(a!, "node-2") === "alive", "it is back");
  });

  test("keeps its clocks, so that nothing of before is news", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { snapshotPath });
    a!.serf.userEvent("seen", noPayload, false);
    cluster.expectSoon(() => told(b!).includes("user seen"), "the event arrives");
    cluster.network.run(1_000);
    crash(cluster, b!);
    const again = restart(cluster, b!, { replayOnRejoin: true });
    cluster.expectSoon(() => statusOf(again, "node-1") === "alive", "it is back");
    cluster.network.run(60_000);
    expect(told(again)).not.toContain("user seen");
    expect(again.serf.stats()["event_time"]).toBe("2");
    again.serf.userEvent("new", noPayload, false);
    cluster.expectSoon(() => told(a!).includes("user new"), "its events are news to the others");
  });

  test.each([true, false])(
    "tells what it missed only if it is to replay: %s (accident 19, serf#465)",
    (replayOnRejoin) => {
      const cluster = new SerfCluster(1);
      const [a, b] = cluster.startJoined(2, { snapshotPath });
      cluster.network.run(1_000);
      crash(cluster, b!);
      a!.serf.userEvent("missed", noPayload, false);
      cluster.network.run(30_000);
      const again = restart(cluster, b!, { replayOnRejoin });
      cluster.expectSoon(() => statusOf(again, "node-1") === "alive", "it is back");
      cluster.network.run(120_000);
      expect(told(again).includes("user missed")).toBe(replayOnRejoin);
      a!.serf.userEvent("later", noPayload, false);
      cluster.expectSoon(() => told(again).includes("user later"), "it is told what comes now");
    },
  );

  test("still knows members that had failed, so that a split heals though all of one side restarted (accident 20, serf#333)", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3, { snapshotPath });
    cluster.network.partition([a!.host, b!.host], [c!.host]);
    cluster.expectSoon(() => countOf(a!, "failed") === 1 && countOf(c!, "failed") === 2, "the split is seen", 120_000);
    cluster.network.run(1_000);
    for (const node of [a!, b!, c!]) crash(cluster, node);
    const again = [a!, b!, c!].map((node) => restart(cluster, node));
    cluster.network.run(60_000);
    expect(again.map((node) => countOf(node, "alive"))).toEqual([2, 2, 1]);
    cluster.network.heal();
    cluster.expectSoon(() => again.every((node) => countOf(node, "alive") === 3), "the split heals", 120_000);
  });

  test("goes on trying when nobody was up at its start", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { snapshotPath });
    cluster.network.run(1_000);
    crash(cluster, a!);
    crash(cluster, b!);
    const second = restart(cluster, b!);
    cluster.network.run(60_000);
    expect(hasLogged(second, "serf: Failed to re-join any previously known node")).toBe(true);
    // Without a snapshot it knows nobody, so it is the other that finds it.
    const first = restart(cluster, a!, { snapshotPath: "" });
    cluster.expectSoon(() => [first, second].every((node) => countOf(node, "alive") === 2), "they meet", 60_000);
  });

  test("gives up members that do not answer for as long as a failed member is kept", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3, { snapshotPath });
    cluster.network.run(1_000);
    crash(cluster, b!);
    crash(cluster, c!);
    cluster.network.run(60_000);
    crash(cluster, a!);
    const again = restart(cluster, a!, { reconnectTimeoutMs: 300_000 });
    cluster.network.run(400_000);
    expect(utf8Decode(again.host.disk.read(snapshotPath)!)).toMatch(/not-alive: node-[23]\nnot-alive: node-[23]\n/);
    const attempts = () =>
      again.host.logger.lines.filter(({ message }) => message.includes("Attempting re-join")).length;
    const before = attempts();
    cluster.network.run(300_000);
    expect(attempts()).toBe(before);
  });

  test("does not try members that left while it was down, once others said so", () => {
    const cluster = new SerfCluster(1);
    const [, b, c] = cluster.startJoined(3, { snapshotPath });
    cluster.network.run(1_000);
    crash(cluster, b!);
    leave(cluster, c!);
    const again = restart(cluster, b!);
    cluster.expectSoon(() => statusOf(again, "node-1") === "alive", "it is back");
    cluster.network.run(60_000);
    const later = again.host.logger.lines.filter(
      ({ atMs, message }) => message.includes("Attempting re-join") && atMs > cluster.network.nowMs - 55_000,
    );
    expect(later).toEqual([]);
    expect(utf8Decode(again.host.disk.read(snapshotPath)!)).toContain("not-alive: node-3\n");
  });
});
