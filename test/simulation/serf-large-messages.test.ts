/** What fits no gossip packet: carried by streams, to the byte, and never lost without a word. */

import { describe, expect, test, vi } from "vitest";
import { SerfError } from "../../src/base/errors.ts";
import type { SerfEvent } from "../../src/serf/events.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

const noPayload = new Uint8Array(0);
const large = { userEventBytesMax: 9216, queryBytesMax: 65_535, queryResponseBytesMax: 65_535 };
const key = Uint8Array.from({ length: 32 }, (_, index) => index);

const envelopes: readonly (readonly [string, Partial<SerfOptions>])[] = [
  ["plain", {}],
  ["compressed", { memberlist: { compression: true } }],
  ["encrypted", { memberlist: { keys: [key] } }],
  ["encrypted under a label", { memberlist: { keys: [key], label: "production" } }],
  ["encrypted under the longest label", { memberlist: { keys: [key], label: "x".repeat(255) } }],
];

function eventsOf(node: SimulatedNode, kind: "user" | "query"): SerfEvent[] {
  return node.events.filter((event) => event.kind === kind);
}

function streamsOf(node: SimulatedNode): number {
  return node.host.metrics.counters.get("memberlist.tcp.connect") ?? 0;
}

/** Bytes that do not compress, so that a packet is as long as it may become. */
function noise(length: number): Uint8Array {
  let state = 1;
  return Uint8Array.from({ length }, () => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    return state >>> 16;
  });
}

function withoutPushPull(options: Partial<SerfOptions>): Partial<SerfOptions> {
  return { ...options, memberlist: { ...options.memberlist, pushPullIntervalMs: 0 } };
}

/** The length of the longest packet that any of these nodes sends from now on. */
function watchPackets(nodes: readonly SimulatedNode[]): () => number {
  const spies = nodes.map(({ host }) => vi.spyOn(host.transport, "sendPacket"));
  return () => Math.max(0, ...spies.flatMap(({ mock }) => mock.calls.map(([, packet]) => packet.length)));
}

/** How long the payload of an event may be at most, for its encoded message to be as long as a packet can take. */
function payloadFilling(node: SimulatedNode): number {
  const frame = "0384a24343c2a54c54696d6501a44e616d65a165a75061796c6f6164da0000".length / 2;
  return node.serf.memberlist.broadcastBytesMax - frame;
}

describe("a user event", () => {
  describe.each(envelopes)("%s", (_title, options) => {
    test("as long as a packet can take goes by gossip, in packets within the limit", () => {
      const cluster = new SerfCluster(1);
      // Without other news and push/pulls, which would take room or deliver by themselves.
      const nodes = cluster.startJoined(4, { ...large, ...withoutPushPull(options) });
      cluster.network.run(10_000);
      const streams = nodes.map(streamsOf);
      const longestPacket = watchPackets(nodes);
      const [a] = nodes;
      a!.serf.userEvent("e", noise(payloadFilling(a!)), false);
      expect(a!.serf.stats()["event_queue"]).toBe("1");
      cluster.expectSoon(() => nodes.every((node) => eventsOf(node, "user").length === 1), "everybody has it", 5000);
      expect(nodes.map(streamsOf)).toEqual(streams);
      expect(longestPacket()).toBeLessThanOrEqual(1400);
      // Not one byte of a packet is given away.
      expect(longestPacket()).toBeGreaterThan(1400 - 8);
    });

    test("one byte longer goes over a stream to each other member, and to nobody twice", () => {
      const cluster = new SerfCluster(1);
      const nodes = cluster.startJoined(4, { ...large, ...withoutPushPull(options) });
      cluster.network.run(10_000);
      const [a] = nodes;
      const streams = nodes.map(streamsOf);
      const longestPacket = watchPackets(nodes);
      a!.serf.userEvent("e", noise(payloadFilling(a!) + 1), false);
      expect(a!.serf.stats()["event_queue"]).toBe("0");
      cluster.expectSoon(() => nodes.every((node) => eventsOf(node, "user").length === 1), "everybody has it", 1000);
      cluster.network.run(10_000);
      expect(nodes.map((node, index) => streamsOf(node) - streams[index]!)).toEqual([3, 0, 0, 0]);
      for (const node of nodes) {
        expect(eventsOf(node, "user")).toHaveLength(1);
        expect(node.serf.stats()["event_queue"]).toBe("0");
      }
      expect(longestPacket()).toBeLessThanOrEqual(1400);
    });
  });

  test("that a member misses comes to it by push/pull, and the miss is told once a minute", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, large);
    cluster.network.partition([a!.host], [b!.host]);
    for (let count = 0; count < 3; count++) a!.serf.userEvent("e", noise(5000), false);
    cluster.network.run(12_000);
    cluster.network.heal();
    cluster.expectSoon(() => eventsOf(b!, "user").length === 3, "it arrives", 120_000);
    cluster.network.run(30_000);
    expect(eventsOf(b!, "user")).toHaveLength(3);
    const lines = a!.host.logger.lines.filter(({ message }) => message.includes("too large for gossip"));
    expect(lines).toHaveLength(1);
    expect(lines[0]!.message).toMatch(/^serf: a message of 50\d\d bytes, too large for gossip, did not reach node-2: /);
  });

  test("of the largest size reaches all of fifty, sixteen streams at a time", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(50, large);
    nodes[7]!.serf.userEvent("e", noise(9000), false);
    cluster.expectSoon(() => nodes.every((node) => eventsOf(node, "user").length === 1), "everybody has it", 2000);
  });

  test("is refused, and told nobody, while 64 of its kind are under way", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(20, large);
    for (let count = 0; count < 64; count++) a!.serf.userEvent("e", noise(5000), false);
    const refused: (string | undefined)[] = [];
    a!.serf.userEvent("e", noise(5000), false, (error) => void refused.push(error?.code));
    cluster.expectSoon(() => refused.length > 0, "it is its turn");
    expect(refused).toEqual(["TOO_MANY_LARGE_MESSAGES"]);
    expect(eventsOf(a!, "user")).toHaveLength(64);
    expect(() => a!.serf.query("q", noise(5000), {}, {})).toThrow(
      expect.objectContaining({ code: "TOO_MANY_LARGE_MESSAGES" }),
    );
    a!.serf.userEvent("small", noPayload, false);
    cluster.network.run(20_000);
    a!.serf.userEvent("e", noise(5000), false);
    expect(eventsOf(a!, "user")).toHaveLength(66);
  });

  test("does nothing more once the node is shut down", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(20, large);
    for (let count = 0; count < 10; count++) a!.serf.userEvent("e", noise(5000), false);
    a!.serf.shutdown();
    const streams = streamsOf(a!);
    cluster.network.run(20_000);
    expect(streamsOf(a!)).toBe(streams);
  });
});

describe("a query", () => {
  test.each(envelopes)("too large for a packet is asked and answered over streams, %s", (_title, options) => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(4, { ...large, ...withoutPushPull(options) });
    const longestPacket = watchPackets(nodes);
    const answers = new Map<string, number>();
    const ended: string[] = [];
    nodes[0]!.serf.query(
      "q",
      noise(20_000),
      { requestAck: true, relayFactor: 2 },
      { responded: (from, answer) => answers.set(from, answer.length), ended: (why) => void ended.push(why) },
    );
    cluster.expectSoon(() => nodes.every((node) => eventsOf(node, "query").length === 1), "everybody has it", 1000);
    for (const node of nodes) {
      const [query] = eventsOf(node, "query");
      if (query?.kind === "query") query.respond(noise(30_000));
    }
    cluster.expectSoon(() => ended.length > 0, "it ends");
    expect(ended).toEqual(["complete"]);
    expect([...answers]).toHaveLength(4);
    expect(new Set(answers.values())).toEqual(new Set([30_000]));
    expect(longestPacket()).toBeLessThanOrEqual(1400);
  });

  test("too large for the limit is refused with the limit named", () => {
    const cluster = new SerfCluster(1);
    const node = cluster.start("a", { queryBytesMax: 2000 });
    const ask = (): unknown => node.serf.query("q", noise(2000), {}, {});
    expect(ask).toThrow(new SerfError("QUERY_TOO_LARGE", "query exceeds limit of 2000 bytes"));
  });

  test("whose large answer cannot be delivered is a warning where it was given", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, large);
    a!.serf.query("q", noPayload, {}, {});
    cluster.expectSoon(() => eventsOf(b!, "query").length > 0, "the query arrives");
    cluster.network.partition([a!.host], [b!.host]);
    const [query] = eventsOf(b!, "query");
    if (query?.kind === "query") query.respond(noise(5000));
    cluster.network.run(20_000);
    const lines = b!.host.logger.lines.map(({ level, message }) => `${level} ${message}`);
    expect(lines.find((line) => line.includes("did not reach"))).toMatch(
      /^WARN serf: a response of 50\d\d bytes did not reach 10\.0\.0\.1:7946: /,
    );
  });
});
