import { describe, expect, test } from "vitest";
import { hexDecode, utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { SerfCluster, type SimulatedNode, told } from "../support/serf-cluster.ts";

const noPayload = new Uint8Array(0);

function userEvents(node: SimulatedNode): string[] {
  return node.events.flatMap((event) =>
    event.kind === "user" ? [`${event.lamportTime} ${event.name} ${utf8Decode(event.payload)}`.trim()] : [],
  );
}

describe("a user event", () => {
  test.each([2, 5, 10])("reaches all of %i nodes exactly once", (count) => {
    const cluster = new SerfCluster(count);
    const nodes = cluster.startJoined(count);
    nodes[count - 1]!.serf.userEvent("deploy", utf8Encode("v1"), true);
    cluster.network.run(120_000);
    for (const node of nodes) expect(userEvents(node)).toEqual(["1 deploy v1"]);
  });

  test("reaches everybody though a third of all packets is lost", () => {
    const cluster = new SerfCluster(7);
    const nodes = cluster.startJoined(8);
    cluster.network.setLoss(0.33);
    for (let index = 0; index < 10; index++) nodes[index % 8]!.serf.userEvent(`event-${index}`, noPayload, false);
    cluster.network.run(120_000);
    for (const node of nodes) expect(new Set(userEvents(node)).size).toBe(10);
    for (const node of nodes) expect(userEvents(node)).toHaveLength(10);
  });

  test("that fits no packet arrives by push/pull", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2, { userEventBytesMax: 9216 });
    a!.serf.userEvent("large", new Uint8Array(5000), false);
    cluster.expectSoon(() => told(b!).includes("user large"), "the event arrives", 120_000);
  });

  test("may be sent from within the listener of another", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    const push = b!.events.push.bind(b!.events);
    b!.events.push = (...events) => {
      for (const event of events)
        if (event.kind === "user" && event.name === "ask") b!.serf.userEvent("answer", noPayload, false);
      return push(...events);
    };
    a!.serf.userEvent("ask", noPayload, false);
    cluster.expectSoon(() => told(a!).includes("user answer"), "the answer arrives");
  });

  test("from before a join is told with replay, and not without", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(2);
    nodes[0]!.serf.userEvent("before", noPayload, true);
    cluster.network.run(5000);
    const curious = cluster.start("curious");
    cluster.join(curious, nodes[0]!, true);
    const indifferent = cluster.start("indifferent");
    cluster.join(indifferent, nodes[0]!, false);
    nodes[1]!.serf.userEvent("after", noPayload, true);
    cluster.network.run(120_000);
    expect(userEvents(curious)).toEqual(["1 before", "2 after"]);
    expect(userEvents(indifferent)).toEqual(["2 after"]);
  });

  test("replayed to a node that missed many comes in Lamport order (accident 18, serf#448)", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(2);
    for (let index = 1; index <= 600; index++) {
      nodes[0]!.serf.userEvent(`event-${index}`, noPayload, true);
      cluster.network.run(50);
    }
    const late = cluster.start("late");
    cluster.join(late, nodes[0]!, true);
    const times = late.events.flatMap((event) => (event.kind === "user" ? [event.lamportTime] : []));
    expect(times).toHaveLength(512);
    expect(times).toEqual(times.toSorted((a, b) => a - b));
  });

  test("is held back and thinned out where coalescing is on, unless its sender forbade it", () => {
    const cluster = new SerfCluster(1);
    const timing = { userCoalescePeriodMs: 3000, userQuiescentPeriodMs: 1000 };
    const [a, b] = cluster.startJoined(2, timing);
    for (const version of ["v1", "v2", "v3"]) a!.serf.userEvent("deploy", utf8Encode(version), true);
    a!.serf.userEvent("alarm", noPayload, false);
    a!.serf.userEvent("alarm", noPayload, false);
    expect(userEvents(a!)).toEqual(["4 alarm", "5 alarm"]);
    cluster.network.run(10_000);
    expect(userEvents(a!)).toEqual(["4 alarm", "5 alarm", "3 deploy v3"]);
    expect(userEvents(b!).toSorted()).toEqual(["3 deploy v3", "4 alarm", "5 alarm"]);
  });

  test("held back is told when the node shuts down", () => {
    const cluster = new SerfCluster(1);
    const timing = { userCoalescePeriodMs: 3000, userQuiescentPeriodMs: 1000 };
    const a = cluster.start("a", { ...timing, coalescePeriodMs: 3000, quiescentPeriodMs: 1000 });
    a.serf.userEvent("deploy", noPayload, true);
    expect(told(a)).toEqual([]);
    a.serf.shutdown();
    expect(told(a)).toEqual(["user deploy", "member-join a"]);
  });
});

describe("messages of other nodes", () => {
  const relayTo = (address: string) =>
    `0982a8446573744164647283a24950a4${address}a4506f7274cd1f0aa45a6f6e65a0a8446573744e616d65a3647374`;
  const userEvent = "0384a24343c2a54c54696d6501a44e616d65a178a75061796c6f6164c0";
  const query = (flags: string) => `0484a5466c616773${flags}a24944ce0001e240a54c54696d6504a44e616d65a46c6f6164`;
  const send = (to: SimulatedNode, from: SimulatedNode, hex: string) =>
    from.serf.memberlist.sendBestEffort(to.host, hexDecode(hex)!);

  test("that are a relay go on to their destination alone", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3, { memberlist: { dissemination: "timer" } });
    // The relayed message is a query response, which is not gossiped; here a user event, to see it arrive.
    send(b!, a!, relayTo("0a000003") + userEvent);
    cluster.network.run(10);
    expect(told(c!)).toContain("user x");
    expect(told(b!)).not.toContain("user x");
  });

  test("that are a query are passed on once and not answered", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(4);
    send(nodes[1]!, nodes[0]!, query("00"));
    cluster.network.run(30_000);
    for (const { serf, host } of nodes) {
      expect(host.metrics.counters.get("serf.queries.load")).toBe(1);
      expect(serf.stats()).toMatchObject({ query_time: "5", query_queue: "0" });
    }
  });

  test("that are a query not to be passed on stay where they are", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(4);
    send(nodes[1]!, nodes[0]!, query("02"));
    cluster.network.run(10_000);
    expect(nodes.map(({ host }) => host.metrics.counters.get("serf.queries.load"))).toEqual([
      undefined,
      1,
      undefined,
      undefined,
    ]);
  });

  test("that nobody can read are counted, logged once a minute, and do no harm", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    for (let index = 0; index < 10; index++) {
      send(b!, a!, "c8");
      send(b!, a!, "0381a54c54696d65");
      send(b!, a!, "0503");
    }
    cluster.network.run(10);
    const lines = b!.host.logger.lines.filter(({ message }) =>
      message.startsWith("serf: Received message of unknown type"),
    );
    expect(lines.map(({ level, message }) => `${level} ${message}`)).toEqual([
      "WARN serf: Received message of unknown type: 200",
    ]);
    expect(b!.host.metrics.counters.get("serf.rejected.unknown-kind")).toBe(10);
    expect(b!.host.metrics.counters.get("serf.rejected.truncated")).toBe(10);
  });
});

describe("the broadcast queues", () => {
  test("are measured, warned of, and cut", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2, {
      queueDepthWarning: 10,
      queueDepthMax: 20,
      queueCheckIntervalMs: 1000,
      memberlist: { dissemination: "timer" },
    });
    cluster.network.run(5000);
    for (let index = 0; index < 60; index++) a!.serf.userEvent(`event-${index}`, noPayload, false);
    cluster.network.run(5);
    expect(a!.serf.stats()["event_queue"]).toBe("60");
    cluster.network.run(1000);
    const lines = a!.host.logger.lines.filter(({ message }) => message.includes("Event queue"));
    expect(lines[0]?.message).toMatch(/^serf: Event queue depth: \d\d$/);
    expect(lines[1]?.message).toMatch(/^serf: Event queue depth \(\d\d\) exceeds limit \(20\), dropping messages!$/);
    expect(Number(a!.serf.stats()["event_queue"])).toBeLessThanOrEqual(20);
    expect(a!.host.metrics.samples.get("serf.queue.Intent")?.count).toBeGreaterThan(0);
  });

  test("grow with the cluster where a minimum is set", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2, {
      queueDepthMin: 50,
      queueDepthMax: 1,
      queueCheckIntervalMs: 100,
      memberlist: { dissemination: "timer" },
    });
    for (let index = 0; index < 64; index++) a!.serf.userEvent(`event-${index}`, noPayload, false);
    cluster.network.run(100);
    const lines = a!.host.logger.lines.filter(({ message }) => message.includes("exceeds limit (50)"));
    expect(lines).toHaveLength(1);
  });
});

describe("node names", () => {
  test("are checked where that is asked for, one's own and those of others", () => {
    const cluster = new SerfCluster(1);
    expect(() => cluster.start("bad name", { validateNodeNames: true })).toThrow(
      expect.objectContaining({ code: "INVALID_OPTION" }),
    );
    expect(() => cluster.start("")).toThrow(expect.objectContaining({ code: "INVALID_OPTION" }));
    const strict = cluster.start("strict.example-1", { validateNodeNames: true });
    const loose = cluster.start("loose name");
    loose.serf.join([strict.host.address], true, () => undefined);
    cluster.network.run(30_000);
    expect(strict.serf.members()).toHaveLength(1);
  });

  test("that two nodes claim are complained about, once a minute", () => {
    const cluster = new SerfCluster(1);
    const [a] = cluster.startJoined(2);
    const twin = cluster.start("node-2", { resolveNameConflicts: false });
    twin.serf.join([a!.host.address], true, () => undefined);
    cluster.network.run(50_000);
    const lines = (node: SimulatedNode) => node.host.logger.lines.map(({ level, message }) => `${level} ${message}`);
    expect(lines(a!)).toContain(
      `WARN serf: Name conflict for 'node-2' both 10.0.0.2:7946 and ${twin.host.address}:7946 are claiming`,
    );
    expect(lines(twin)).toContain(
      "ERR serf: Node name conflicts with another node at 10.0.0.2:7946. Names must be unique! (Resolution enabled: false)",
    );
    for (const node of [a!, twin]) expect(lines(node).filter((line) => /serf: .*conflict/i.test(line))).toHaveLength(1);
  });
});
