import { describe, expect, it } from "vitest";
import { utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import type { Delegates } from "../../src/memberlist/delegates.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { type IndirectPing, messageTypes } from "../../src/wire/messages.ts";
import { Cluster, linesWith } from "./cluster.ts";
import { aliveMessage, Puppet, versions5 } from "./puppet.ts";

/** One memberlist, "n1" at 10.0.0.1, that turns to nobody by itself unless told, and a puppet at 10.0.1.1. */
function nodeAndPuppet(options: Partial<MemberlistOptions> = {}, delegates: Delegates = {}) {
  const quiet = { probeIntervalMs: 0, pushPullIntervalMs: 0, gossipIntervalMs: 0 };
  const cluster = new Cluster({ memberlist: { ...quiet, ...options } });
  const node = cluster.add({}, delegates);
  const puppet = new Puppet(cluster.network, "10.0.1.1");
  return { cluster, node, puppet };
}

const noSource = { sourceAddress: "", sourcePort: 0, sourceNode: "" };

describe("a ping", () => {
  it("is answered with its sequence number and the delegate's payload", () => {
    const delegate = { ackPayload: () => utf8Encode("here"), pingCompleted: () => {} };
    const { cluster, puppet } = nodeAndPuppet({}, { ping: delegate });
    puppet.send("10.0.0.1", { kind: "ping", sequence: 42, node: "n1", ...noSource });
    cluster.run(10);
    expect(puppet.heardOf("ack").map((ack) => [ack.sequence, utf8Decode(ack.payload)])).toEqual([[42, "here"]]);
  });

  it("without a name is for whoever gets it", () => {
    const { cluster, puppet } = nodeAndPuppet();
    puppet.send("10.0.0.1", { kind: "ping", sequence: 1, node: "", ...noSource });
    cluster.run(10);
    expect(puppet.heardOf("ack")).toHaveLength(1);
  });

  it("for a node of another name is ignored with a warning a minute (detail 5)", () => {
    const { cluster, node, puppet } = nodeAndPuppet();
    for (const name of ["n2", "n3"]) puppet.send("10.0.0.1", { kind: "ping", sequence: 1, node: name, ...noSource });
    cluster.run(10);
    expect(puppet.heard).toEqual([]);
    const line = "memberlist: Got ping for unexpected node 'n2' from=10.0.1.1:7946";
    expect(node.host.logger.lines.filter(({ level }) => level === "WARN")).toMatchObject([{ message: line }]);
  });

  it("is answered where it says, not where it comes from (detail 5)", () => {
    const { cluster, puppet } = nodeAndPuppet();
    const other = new Puppet(cluster.network, "10.0.1.2");
    const source = { sourceAddress: "10.0.1.2", sourcePort: 7946, sourceNode: "other" };
    puppet.send("10.0.0.1", { kind: "ping", sequence: 5, node: "n1", ...source });
    cluster.run(10);
    expect(puppet.heard).toEqual([]);
    expect(other.heardOf("ack").map((ack) => ack.sequence)).toEqual([5]);
  });

  it("carries pending broadcasts, its ack too, and neither has a checksum (detail 1)", () => {
    const { cluster, puppet } = nodeAndPuppet();
    puppet.send("10.0.0.1", { kind: "ping", sequence: 5, node: "n1", ...noSource });
    cluster.run(10);
    expect(puppet.heard.map((message) => message.kind)).toEqual(["ack", "alive"]);
    expect(puppet.packets[0]?.[0]).not.toBe(messageTypes.crc);
  });
});

describe("an indirect ping", () => {
  const request = (sequence: number, targetAddress: string, nack: boolean): IndirectPing => {
    return { kind: "indirect-ping", sequence, targetAddress, targetPort: 7946, node: "target", nack, ...noSource };
  };

  it("is relayed, and its ack comes back under the asker's sequence number without the payload (detail 5)", () => {
    const { cluster, puppet } = nodeAndPuppet();
    const target = new Puppet(cluster.network, "10.0.1.2");
    puppet.send("10.0.0.1", request(77, "10.0.1.2", true));
    cluster.run(10);
    const [ping] = target.heardOf("ping");
    expect(ping).toMatchObject({ node: "target", sourceAddress: "10.0.0.1", sourcePort: 7946, sourceNode: "n1" });
    target.send("10.0.0.1", { kind: "ack", sequence: ping!.sequence, payload: utf8Encode("secret") });
    cluster.run(10);
    expect(puppet.heardOf("ack").map((ack) => [ack.sequence, ack.payload.length])).toEqual([[77, 0]]);
    cluster.run(2_000);
    expect(puppet.heardOf("nack")).toEqual([]);
  });

  it("without an ack in time gives a nack, if one was asked for", () => {
    const { cluster, puppet } = nodeAndPuppet();
    puppet.send("10.0.0.1", request(77, "10.0.1.2", true));
    puppet.send("10.0.0.1", request(78, "10.0.1.2", false));
    cluster.run(499);
    expect(puppet.heardOf("nack")).toEqual([]);
    cluster.run(10);
    expect(puppet.heardOf("nack").map((nack) => nack.sequence)).toEqual([77]);
  });

  it("too many at once are dropped and counted", () => {
    const { cluster, node, puppet } = nodeAndPuppet();
    for (let sequence = 0; sequence < 1_030; sequence += 1)
      puppet.send("10.0.0.1", request(sequence, "10.0.1.2", true));
    cluster.run(100);
    expect(node.host.metrics.counters.get("memberlist.relay.dropped")).toBe(6);
    cluster.run(1_000);
    expect(puppet.heardOf("nack")).toHaveLength(1_024);
  });
});

/** "n1" probes "target", a puppet that n1 believes alive, with two more puppets as relays. */
function probing(options: Partial<MemberlistOptions> = {}, delegates: Delegates = {}, protocolMax = 5) {
  // The pings and streams of the fast path would be taken for those of the probe.
  const ordinary = { streamPings: false, fastFailure: false };
  const slow = { pushPullIntervalMs: 0, gossipIntervalMs: 0, probeTimeoutMs: 200, ...ordinary };
  const cluster = new Cluster({ memberlist: { ...slow, ...options } });
  const node = cluster.add({}, delegates);
  const puppets = ["target", "relay1", "relay2"].map((name, index) => {
    const puppet = new Puppet(cluster.network, `10.0.1.${index + 1}`);
    puppet.answersPings = name !== "target";
    puppet.send("10.0.0.1", aliveMessage(name, puppet.endpoint.address, { versions: { ...versions5, protocolMax } }));
    return puppet;
  });
  cluster.run(1);
  const ping = (): void => {
    cluster.runUntil(() => puppets[0]!.heardOf("ping").length > 0, 10_000);
  };
  return { cluster, node, target: puppets[0]!, relays: puppets.slice(1), ping };
}

describe("a probe", () => {
  it("tells the delegate of the round trip and the payload of a direct ack", () => {
    const completed: unknown[] = [];
    const pingCompleted = (member: { name: string }, rttMs: number, payload: Uint8Array) =>
      completed.push([member.name, rttMs, utf8Decode(payload)]);
    const ping = { ackPayload: () => new Uint8Array(0), pingCompleted };
    const { cluster, target, ping: awaitPing } = probing({}, { ping });
    awaitPing();
    cluster.run(7);
    const { sequence } = target.heardOf("ping")[0]!;
    target.send("10.0.0.1", { kind: "ack", sequence, payload: utf8Encode("at home") });
    cluster.run(10);
    expect(completed).toContainEqual(["target", expect.closeTo(8, 5), "at home"]);
  });

  it("asks relays when the ping timeout has passed, and takes a relayed ack", () => {
    const { cluster, node, target, relays, ping } = probing();
    ping();
    cluster.run(198);
    expect(relays.flatMap((relay) => relay.heardOf("indirect-ping"))).toEqual([]);
    cluster.run(3);
    const requests = relays.map((relay) => relay.heardOf("indirect-ping")[0]);
    const { sequence } = target.heardOf("ping")[0]!;
    const expected = { sequence, node: "target", targetAddress: "10.0.1.1", targetPort: 7946, nack: true };
    expect(requests).toEqual([expect.objectContaining(expected), expect.objectContaining(expected)]);
    relays[1]!.send("10.0.0.1", { kind: "ack", sequence, payload: new Uint8Array(0) });
    cluster.run(900);
    expect(node.memberlist.member("target")?.state).toBe("alive");
    expect(node.memberlist.healthScore).toBe(0);
  });

  it("that failed costs no health when every relay sent a nack", () => {
    const { cluster, node, target, relays, ping } = probing();
    ping();
    cluster.run(250);
    const { sequence } = target.heardOf("ping")[0]!;
    for (const relay of relays) relay.send("10.0.0.1", { kind: "nack", sequence });
    cluster.run(760);
    expect(node.memberlist.member("target")?.state).toBe("suspect");
    expect(node.memberlist.healthScore).toBe(0);
  });

  it("that failed costs one point of health for each nack that did not come", () => {
    const { cluster, node, target, relays, ping } = probing();
    ping();
    cluster.run(250);
    relays[0]!.send("10.0.0.1", { kind: "nack", sequence: target.heardOf("ping")[0]!.sequence });
    cluster.runUntil(() => cluster.seen(0, "target") === "suspect", 1_000);
    expect(node.memberlist.healthScore).toBe(1);
  });

  it("asks nodes below protocol 4 for no nack, and a failure then costs one point (detail 4)", () => {
    const { cluster, node, relays, ping } = probing({}, {}, 3);
    ping();
    cluster.runUntil(() => cluster.seen(0, "target") === "suspect", 1_100);
    expect(relays.map((relay) => relay.heardOf("indirect-ping")[0]?.nack)).toEqual([false, false]);
    expect(node.memberlist.healthScore).toBe(1);
  });

  it("takes as long as its health says, while the ping timeout stays", () => {
    const { cluster, node, relays, ping } = probing();
    ping();
    cluster.runUntil(() => cluster.seen(0, "target") === "suspect", 1_100);
    expect(node.memberlist.healthScore).toBe(2);
    for (const relay of relays) relay.answersPings = false;
    const startMs = cluster.network.nowMs;
    const asked = (): number => relays.flatMap((relay) => relay.heardOf("indirect-ping")).length;
    const askedBefore = asked();
    cluster.runUntil(() => asked() > askedBefore, 5_000);
    expect(cluster.network.nowMs - startMs).toBeCloseTo(200.5, 0);
    cluster.runUntil(() => relays.some((_, index) => cluster.seen(0, `relay${index + 1}`) === "suspect"), 10_000);
    expect(cluster.network.nowMs - startMs).toBeCloseTo(3_000, 0);
    expect(node.host.metrics.counters.get("memberlist.degraded.probe")).toBeGreaterThan(0);
  });

  it("tells a suspect of the suspicion along with the ping, and with a checksum for those who check it (detail 1)", () => {
    const { cluster, target, ping } = probing();
    ping();
    cluster.runUntil(() => target.heardOf("ping").length > 1, 30_000);
    cluster.run(5);
    expect(target.heardOf("suspect")).toContainEqual({ kind: "suspect", incarnation: 1, node: "target", from: "n1" });
    expect(target.packets.at(-1)?.[0]).toBe(messageTypes.crc);
  });

  it("tries a stream only with nodes of protocol 3 and above (detail 4)", () => {
    const young = probing({ streamPings: true }, {}, 3);
    young.ping();
    young.cluster.run(300);
    expect(young.target.acceptedStreams).toBe(1);
    const old = probing({ streamPings: true }, {}, 2);
    old.ping();
    old.cluster.run(300);
    expect(old.target.acceptedStreams).toBe(0);
  });

  it("says so when a stream was opened and nothing came over it", () => {
    const { cluster, node, ping } = probing({ streamPings: true });
    ping();
    cluster.run(1_100);
    expect(linesWith(node, "memberlist: Failed fallback ping: ")).not.toHaveLength(0);
    expect(linesWith(node, "memberlist: Suspect target has failed, no acks received")).toHaveLength(1);
  });

  it("ignores acks for pings it never sent", () => {
    const { cluster, node, target, ping } = probing();
    ping();
    for (let sequence = 100; sequence < 200; sequence += 1) {
      target.send("10.0.0.1", { kind: "ack", sequence, payload: new Uint8Array(0) });
      target.send("10.0.0.1", { kind: "nack", sequence });
    }
    cluster.run(1_010);
    expect(node.memberlist.member("target")?.state).toBe("suspect");
  });
});

describe("a suspicion", () => {
  const suspecting = () => {
    const { cluster, node, puppet } = nodeAndPuppet({ probeIntervalMs: 1_000 });
    for (let index = 2; index <= 8; index += 1) {
      const other = new Puppet(cluster.network, `10.0.1.${index}`);
      other.answersPings = true;
      other.send("10.0.0.1", aliveMessage(`p${index}`, `10.0.1.${index}`));
    }
    cluster.run(5);
    const suspect = (from: string) => puppet.send("10.0.0.1", { kind: "suspect", incarnation: 1, node: "p2", from });
    return { cluster, node, puppet, suspect };
  };

  it.each([
    [0, 24_000],
    [1, 11_381],
    [2, 4_000],
  ])("with %i confirmations lasts %i ms in a cluster of up to ten", (confirmations, lastsMs) => {
    const { cluster, suspect } = suspecting();
    suspect("p3");
    for (let count = 0; count < confirmations; count += 1) suspect(`p${4 + count}`);
    cluster.run(lastsMs - 10);
    expect(cluster.seen(0, "p2")).toBe("suspect");
    cluster.run(20);
    expect(cluster.seen(0, "p2")).toBe("dead");
  });

  it("ends when somebody else declares the member dead", () => {
    const { cluster, node, puppet, suspect } = suspecting();
    suspect("p3");
    cluster.run(1_000);
    puppet.send("10.0.0.1", { kind: "dead", incarnation: 1, node: "p2", from: "p3" });
    cluster.run(10);
    expect(cluster.seen(0, "p2")).toBe("dead");
    cluster.run(120_000);
    expect(linesWith(node, "memberlist: Marking p2 as failed")).toEqual([]);
  });

  it("about this node is refuted above the accused incarnation, and costs health", () => {
    const { cluster, node, puppet } = nodeAndPuppet();
    puppet.send("10.0.0.1", { kind: "suspect", incarnation: 9, node: "n1", from: "p3" });
    cluster.run(5);
    expect(node.memberlist.localMember).toMatchObject({ state: "alive", incarnation: 10 });
    expect(node.memberlist.healthScore).toBe(1);
    expect(linesWith(node, "memberlist: Refuting a suspect message (from: p3)")).toHaveLength(1);
    puppet.send("10.0.0.1", { kind: "dead", incarnation: 10, node: "n1", from: "p3" });
    cluster.run(5);
    expect(node.memberlist.localMember).toMatchObject({ state: "alive", incarnation: 11 });
    expect(linesWith(node, "memberlist: Refuting a dead message (from: p3)")).toHaveLength(1);
  });
});
