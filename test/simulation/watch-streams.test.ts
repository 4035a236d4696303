/** Streams that are kept open to closely watched members: what their end is taken for, what not, and what bounds them. */

import { describe, expect, it } from "vitest";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { encodeMessage } from "../../src/wire/codecs.ts";
import { createLabel } from "../../src/wire/label.ts";
import { sealStreamMessage } from "../../src/wire/stream-envelope.ts";
import { keepsStreams } from "../support/keeps-streams.ts";
import { Cluster, type ClusterNode, linesWith } from "./cluster.ts";
import { aliveMessage, Puppet } from "./puppet.ts";

const seeds = [1, 2, 3, 4, 5, 6, 7, 8];
/** The shortest suspicion: 4 x 1 s in so small a cluster. */
const suspicionMsMin = 4_000;
const watchers = 4;

function grown(count: number, seed = 1, options: Partial<MemberlistOptions> = {}): Cluster {
  const cluster = new Cluster({ seed, memberlist: options, delegates: { ping: keepsStreams } });
  cluster.grow(count);
  cluster.run(10_000);
  return cluster;
}

/** How long after now until the first, and until all others hold the last node for dead. */
function detectionMs(cluster: Cluster): { readonly firstMs: number; readonly allMs: number } {
  const { name } = cluster.nodes.at(-1)!;
  const others = cluster.nodes.slice(0, -1);
  const startMs = cluster.network.nowMs;
  const isDead = ({ memberlist }: ClusterNode) => memberlist.member(name)?.state === "dead";
  expect(cluster.runUntil(() => others.some(isDead), 60_000)).toBe(true);
  const firstMs = cluster.network.nowMs - startMs;
  expect(cluster.runUntil(() => others.every(isDead), 60_000)).toBe(true);
  return { firstMs, allMs: cluster.network.nowMs - startMs };
}

function packetsPerNodeSecond(cluster: Cluster): number {
  const seconds = 20;
  const before = cluster.network.traffic.packets;
  cluster.run(seconds * 1_000);
  return (cluster.network.traffic.packets - before) / cluster.nodes.length / seconds;
}

/** Both ends count: those that a node keeps to others, and those that others keep to it. */
function streamsOf({ host }: ClusterNode): number {
  return host.transport.streamCount;
}

describe("a stream to a member that is closely watched", () => {
  it("saves the pings: an idle node sends its probes, and no more", () => {
    const cluster = grown(12);
    for (const node of cluster.nodes) expect(streamsOf(node)).toBe(2 * watchers);
    expect(packetsPerNodeSecond(cluster)).toBeLessThan(2.05);
  });

  it("is not opened where that is turned off, and pings go on", () => {
    const cluster = grown(12, 1, { fastFailureStreams: false });
    for (const node of cluster.nodes) expect(streamsOf(node)).toBe(0);
    expect(packetsPerNodeSecond(cluster)).toBeGreaterThan(5);
  });

  it("is kept in an encrypted, labelled cluster", () => {
    const cluster = grown(6, 1, { keys: [new Uint8Array(16).fill(1)], label: "blue" });
    for (const node of cluster.nodes) expect(streamsOf(node)).toBe(2 * watchers);
  });

  it.each([3, 5, 20])("has the crash of one of %i known to all in little more than the dwell time", (count) => {
    for (const seed of seeds) {
      const cluster = grown(count, seed);
      cluster.nodes.at(-1)!.host.crash();
      const { firstMs, allMs } = detectionMs(cluster);
      expect(firstMs).toBeGreaterThan(1_000);
      expect(firstMs).toBeLessThan(1_300);
      expect(allMs).toBeLessThan(1_500);
    }
  });

  it("ends with the watching: who was switched off keeps none, and is watched nevertheless", () => {
    const cluster = grown(6);
    const [first] = cluster.nodes;
    first!.memberlist.setFastFailure(false);
    cluster.run(1_000);
    expect(streamsOf(first!)).toBe(watchers);
    first!.memberlist.setFastFailure(true);
    cluster.run(5_000);
    expect(streamsOf(first!)).toBe(2 * watchers);
  });

  it("is none to members that do not say they keep it", () => {
    const cluster = grown(4, 1, { pushPullIntervalMs: 0 });
    const others = ["10.0.1.1", "10.0.1.2", "10.0.1.3"].map((address) => new Puppet(cluster.network, address));
    for (const [index, puppet] of others.entries()) {
      puppet.answersPings = true;
      puppet.send("10.0.0.1", aliveMessage(`puppet-${index}`, puppet.host.address));
    }
    cluster.run(30_000);
    expect(cluster.nodes[0]!.memberlist.aliveCount).toBe(7);
    expect(others.map(({ acceptedStreams }) => acceptedStreams)).toEqual([0, 0, 0]);
  });

  it("is seldom tried again with a member that says so and does not, and that one is pinged", () => {
    const cluster = grown(4);
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    puppet.answersPings = true;
    puppet.ackPayload = Uint8Array.of(1);
    puppet.send("10.0.0.1", aliveMessage("puppet", puppet.host.address));
    cluster.run(20_000);
    // Some are push/pulls.
    expect(puppet.acceptedStreams).toBeGreaterThanOrEqual(watchers);
    expect(puppet.acceptedStreams).toBeLessThanOrEqual(watchers + 4);
    expect(puppet.heardOf("ping").length).toBeGreaterThan(4 * 20);
    cluster.run(60_000);
    expect(puppet.acceptedStreams).toBeGreaterThanOrEqual(3 * watchers);
    expect(puppet.acceptedStreams).toBeLessThanOrEqual(3 * watchers + 10);
  });
});

describe("the end of a stream is no death", () => {
  it("where the process lives: the stream is opened again, later", () => {
    for (const seed of seeds) {
      const cluster = grown(5, seed);
      const last = cluster.nodes.at(-1)!;
      last.host.transport.resetStreams();
      cluster.run(3_000);
      expect(streamsOf(last)).toBe(0);
      cluster.run(40_000);
      expect(streamsOf(last)).toBe(2 * watchers);
      expect(cluster.nodes.flatMap((node) => linesWith(node, "Suspect"))).toEqual([]);
    }
  });

  it("where the process is stopped at the time: it gets the usual time", () => {
    for (const seed of seeds) {
      const cluster = grown(5, seed);
      const last = cluster.nodes.at(-1)!;
      last.host.pause();
      last.host.transport.resetStreams();
      expect(detectionMs(cluster).firstMs).toBeGreaterThan(suspicionMsMin);
    }
  });

  it("where a firewall rejects all that two of eight send", () => {
    for (const seed of seeds) {
      const cluster = grown(8, seed);
      const last = cluster.nodes.at(-1)!;
      cluster.network.reject(
        cluster.nodes.slice(0, 2).map(({ host }) => host),
        [last.host],
      );
      last.host.transport.resetStreams();
      for (let seconds = 0; seconds < 30; seconds++) {
        cluster.run(1_000);
        expect(cluster.nodes.map((node) => node.memberlist.member("n8")?.state)).not.toContain("dead");
      }
    }
  });

  it("where the member left: nobody suspects it", () => {
    for (const seed of seeds) {
      const cluster = grown(6, seed);
      const last = cluster.nodes.at(-1)!;
      last.memberlist.leave(0, () => last.memberlist.shutdown());
      cluster.run(5_000);
      const [first] = cluster.nodes;
      expect(first!.memberlist.member(last.name)?.state).toBe("left");
      expect(cluster.nodes.flatMap((node) => linesWith(node, "Suspect"))).toEqual([]);
      expect(streamsOf(last)).toBe(0);
    }
  });
});

describe("without an end of the stream the probes and their timers decide:", () => {
  it("a process that is stopped", () => {
    for (const seed of seeds) {
      const cluster = grown(5, seed);
      cluster.nodes.at(-1)!.host.pause();
      expect(detectionMs(cluster).firstMs).toBeGreaterThan(suspicionMsMin);
    }
  });

  it("a machine without power", () => {
    const cluster = grown(5);
    cluster.nodes.at(-1)!.host.losePower();
    expect(detectionMs(cluster).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("a member whose messages are lost one way", () => {
    const cluster = grown(5);
    const last = cluster.nodes.at(-1)!;
    cluster.network.cut(
      [last.host],
      cluster.nodes.slice(0, -1).map(({ host }) => host),
    );
    expect(detectionMs(cluster).firstMs).toBeGreaterThan(suspicionMsMin);
  });

  it("a process that dies while nobody can tell, and is refused later", () => {
    const cluster = grown(5);
    const last = cluster.nodes.at(-1)!;
    const others = cluster.nodes.slice(0, -1).map(({ host }) => host);
    cluster.network.cut([last.host], others);
    last.host.crash();
    cluster.network.heal();
    const { firstMs } = detectionMs(cluster);
    expect(firstMs).toBeGreaterThan(1_000);
    expect(firstMs).toBeLessThan(suspicionMsMin);
  });
});

describe("who has a stream kept open", () => {
  const heldPing = (node: string, sourceNode: string) =>
    encodeMessage({ kind: "ping", sequence: 3, node, sourceAddress: "", sourcePort: 0, sourceNode, hold: true });
  const keys = [new Uint8Array(16).fill(1)];
  const plain = { label: createLabel(""), encryptionVersion: 1, compress: false } as const;

  function watched(options: Partial<MemberlistOptions> = {}) {
    const cluster = new Cluster({ memberlist: { streamTimeoutMs: 1_000, ...options } });
    const node = cluster.add();
    const puppet = new Puppet(cluster.network, "10.0.1.1");
    const hold = (watcher: string, keysOfPuppet: readonly Uint8Array[] = []) => {
      const sealing = { ...plain, keys: keysOfPuppet, random: puppet.host.random };
      return puppet.openRaw("10.0.0.1", sealStreamMessage(heldPing("n1", watcher), sealing));
    };
    return { cluster, node, hold };
  }

  it("has one, for as long as it likes", () => {
    const { cluster, node, hold } = watched();
    const streams = [hold("a"), hold("b")];
    cluster.run(60_000);
    for (const { received, ended } of streams) {
      expect(received).toEqual([{ kind: "ack", sequence: 3, payload: Uint8Array.of(1) }]);
      expect(ended).toBe(false);
    }
    expect(streamsOf(node)).toBe(2);
    for (const { stream } of streams) stream.destroy();
    cluster.run(1_000);
    expect(streamsOf(node)).toBe(0);
  });

  it("has one only: the newer counts", () => {
    const { cluster, node, hold } = watched();
    const older = hold("a");
    cluster.run(1_000);
    const newer = hold("a");
    cluster.run(1_000);
    expect(older.ended).toBe(true);
    expect(newer.ended).toBe(false);
    expect(streamsOf(node)).toBe(1);
  });

  it("is answered and closed where 64 others have one", () => {
    const { cluster, node, hold } = watched();
    const streams = Array.from({ length: 65 }, (_, index) => hold(`watcher-${index}`));
    cluster.run(3_000);
    expect(streams.filter(({ ended }) => ended)).toHaveLength(1);
    expect(streams.every(({ received }) => received.length === 1)).toBe(true);
    expect(streamsOf(node)).toBe(64);
  });

  it("has none any more once it says anything", () => {
    const { cluster, node, hold } = watched();
    const { stream } = hold("a");
    cluster.run(1_000);
    stream.write(Uint8Array.of(0));
    cluster.run(1_000);
    expect(streamsOf(node)).toBe(0);
  });

  it("needs the key where the cluster has one", () => {
    const { cluster, node, hold } = watched({ keys });
    const stranger = hold("a");
    const member = hold("b", keys);
    cluster.run(3_000);
    expect(stranger.ended).toBe(true);
    expect(member.ended).toBe(false);
    expect(streamsOf(node)).toBe(1);
  });

  it("sees it end when the node shuts down", () => {
    const { cluster, node, hold } = watched();
    const watcher = hold("a");
    cluster.run(1_000);
    node.memberlist.shutdown();
    cluster.run(1_000);
    expect(watcher.ended).toBe(true);
    expect(streamsOf(node)).toBe(0);
  });
});
