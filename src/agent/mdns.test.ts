import { encode } from "dns-packet";
import { describe, expect, test } from "vitest";
import type { LinkSender } from "../host/multicast-link.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import { SimulatedNetwork } from "../simulator/index.ts";
import { Discovery, type DiscoveryLink, type DiscoveryParts } from "./mdns.ts";
import { decodeMessage, encodeQuestion, ServiceRecords, serviceNameOf } from "./mdns-records.ts";

const refused: JoinResult = { joined: 0, failures: [{ address: "x", reason: "refused" }] };
const neighbour: LinkSender = { address: "10.0.0.9", port: 40_000, isThisMachine: false };
const own = { address: "10.0.0.1", port: 7946 };

/** A link that records what is sent, and hands in what a test wants to arrive. */
class RecordingLink implements DiscoveryLink {
  readonly asked: Uint8Array[] = [];
  readonly answered: { message: Uint8Array; to: LinkSender }[] = [];
  receive: (packet: Uint8Array, from: LinkSender) => void = () => undefined;
  problem: string | undefined;
  isClosed = false;

  ask(message: Uint8Array): void {
    if (this.problem !== undefined) throw new Error(this.problem);
    this.asked.push(message);
  }

  answer(message: Uint8Array, to: LinkSender): void {
    this.answered.push({ message, to });
  }

  listen(receive: (packet: Uint8Array, from: LinkSender) => void): void {
    this.receive = receive;
  }

  async close(): Promise<void> {
    this.isClosed = true;
  }
}

function setUp(given: Partial<DiscoveryParts> = {}) {
  const network = new SimulatedNetwork({ seed: 1 });
  const { clock, timers, logger, metrics } = network.createHost({ address: own.address });
  const link = new RecordingLink();
  const joins: (readonly string[])[] = [];
  const living = new Set(["10.0.0.1:7946"]);
  const outcomes: JoinResult[] = [];
  const discovery = new Discovery({
    clusterName: "office",
    nodeName: "a",
    endpoint: own,
    links: [link],
    join: async (addresses) => {
      joins.push(addresses);
      return outcomes.shift() ?? { joined: addresses.length, failures: [] };
    },
    livingMembers: () => living,
    clock,
    timers,
    logger,
    metrics,
    ...given,
  });
  discovery.start();
  /** Lets virtual time pass, and what was promised meanwhile come true. */
  const pass = async (ms: number) => {
    network.run(ms);
    await new Promise((resolve) => setImmediate(resolve));
  };
  const lines = () => logger.lines.map(({ level, message }) => `[${level}] ${message}`);
  return { discovery, link, joins, living, outcomes, pass, lines, metrics };
}

/** What an agent at that address answers. */
function answerOf(address: string, port = 7946, clusterName = "office"): Uint8Array {
  const records = new ServiceRecords({ clusterName, nodeName: `at-${address}`, endpoint: { address, port } });
  return records.answer(decodeMessage(encodeQuestion(serviceNameOf(clusterName))) as never, false)!;
}

describe("discovery", () => {
  test("asks at once, soon again while it is alone, and every minute later (detail 28)", async () => {
    const { link, pass, living } = setUp();
    expect(link.asked).toHaveLength(1);
    await pass(1_000);
    expect(link.asked).toHaveLength(2);
    await pass(2_000);
    expect(link.asked).toHaveLength(3);
    await pass(120_000);
    expect(link.asked).toHaveLength(3 + 5);
    living.add("10.0.0.2:7946");
    const before = link.asked.length;
    await pass(240_000);
    expect(link.asked).toHaveLength(before + 4);
  });

  test("joins those that answered within 100 ms of each other together (detail 28)", async () => {
    const { link, joins, pass, lines } = setUp();
    link.receive(answerOf("10.0.0.2"), neighbour);
    await pass(60);
    link.receive(answerOf("10.0.0.3", 7950), neighbour);
    link.receive(answerOf("10.0.0.2"), neighbour);
    expect(joins).toEqual([]);
    await pass(40);
    expect(joins).toEqual([["10.0.0.2:7946", "10.0.0.3:7950"]]);
    expect(lines()).toEqual(["[INFO] agent.mdns: Joined 2 hosts"]);
  });

  test("joins neither itself, nor living members, nor another cluster", async () => {
    const { link, joins, living, pass } = setUp();
    living.add("10.0.0.2:7946");
    link.receive(answerOf("10.0.0.1"), neighbour);
    link.receive(answerOf("10.0.0.2"), neighbour);
    link.receive(answerOf("10.0.0.3", 7946, "home"), neighbour);
    await pass(1_000);
    expect(joins).toEqual([]);
  });

  test("tries an address again after a minute, also one that was a member and is none any more", async () => {
    const { link, joins, outcomes, pass, lines } = setUp();
    outcomes.push(refused);
    for (const waitMs of [100, 59_000, 1_100]) {
      link.receive(answerOf("10.0.0.2"), neighbour);
      await pass(waitMs);
    }
    expect(joins).toHaveLength(1);
    link.receive(answerOf("10.0.0.2"), neighbour);
    await pass(100);
    expect(joins).toHaveLength(2);
    expect(lines()).toEqual([
      "[ERR] agent.mdns: Failed to join: 1 error occurred:\n\t* refused\n\n",
      "[INFO] agent.mdns: Joined 1 hosts",
    ]);
  });

  test("joins 32 at a time, and the next ones not before that is over", async () => {
    let finish: (result: JoinResult) => void = () => undefined;
    const joins: (readonly string[])[] = [];
    const { link, pass } = setUp({
      join: (addresses) => {
        joins.push(addresses);
        return new Promise((resolve) => {
          finish = resolve;
        });
      },
    });
    for (let n = 2; n < 100; n++) link.receive(answerOf(`10.0.1.${n}`), neighbour);
    await pass(100);
    for (let n = 2; n < 100; n++) link.receive(answerOf(`10.0.2.${n}`), neighbour);
    await pass(1_000);
    expect(joins.map((addresses) => addresses.length)).toEqual([32]);
    finish({ joined: 32, failures: [] });
    await pass(0);
    await pass(100);
    expect(joins.map((addresses) => addresses.length)).toEqual([32, 32]);
  });

  test("answers a question, and gives who asked from a port of its own an answer of its own", async () => {
    const { link } = setUp();
    link.receive(encodeQuestion(serviceNameOf("office")), neighbour);
    link.receive(encodeQuestion(serviceNameOf("home")), neighbour);
    expect(link.answered).toHaveLength(1);
    expect(link.answered[0]!.to).toBe(neighbour);
    expect(decodeMessage(link.answered[0]!.message)).toMatchObject({ type: "response", questions: [{ type: "PTR" }] });
    link.receive(encodeQuestion(serviceNameOf("office")), { ...neighbour, port: 5353 });
    expect(decodeMessage(link.answered[1]!.message)).toMatchObject({ type: "response", questions: [] });
  });

  test("does without what cannot be read, and looks at 500 messages a second", async () => {
    const { link, metrics, pass } = setUp();
    link.receive(new Uint8Array(5), neighbour);
    expect(metrics.counters.get("agent.mdns.rejected.truncated")).toBe(1);
    for (let n = 0; n < 600; n++) link.receive(encodeQuestion(serviceNameOf("office")), neighbour);
    expect(link.answered).toHaveLength(499);
    await pass(1_000);
    link.receive(encodeQuestion(serviceNameOf("office")), neighbour);
    expect(link.answered).toHaveLength(500);
  });

  test("says so if there is no network, and asks as soon as there is one", async () => {
    const { link, lines, pass } = setUp();
    link.problem = "no network interface has an IPv4 address";
    await pass(1_000);
    expect(lines()).toEqual([
      "[ERR] agent.mdns: Failed to poll for new hosts: no network interface has an IPv4 address",
    ]);
    link.problem = undefined;
    await pass(2_000);
    expect(link.asked).toHaveLength(2);
  });

  test("is silent about a family of two that has no network", async () => {
    const [ipv4, ipv6] = [new RecordingLink(), new RecordingLink()];
    ipv6.problem = "no network interface has an IPv6 address";
    const { lines } = setUp({ links: [ipv4, ipv6] });
    expect(ipv4.asked).toHaveLength(1);
    expect(lines()).toEqual([]);
  });

  test("that was stopped neither asks nor answers nor joins", async () => {
    const { discovery, link, joins, pass } = setUp();
    link.receive(answerOf("10.0.0.2"), neighbour);
    await discovery.stop();
    await discovery.stop();
    expect(link.isClosed).toBe(true);
    link.receive(encode({ type: "query", questions: [{ name: serviceNameOf("office"), type: "PTR" }] }), neighbour);
    await pass(120_000);
    expect({ asked: link.asked.length, answered: link.answered.length, joins: joins.length }).toEqual({
      asked: 1,
      answered: 0,
      joins: 0,
    });
  });
});
