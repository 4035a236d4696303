import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../../src/base/bytes.ts";
import { SerfError } from "../../src/base/errors.ts";
import type { QueryEvent } from "../../src/serf/events.ts";
import { encodeSerfMessage } from "../../src/serf/messages.ts";
import type { QueryParams } from "../../src/serf/open-queries.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

const noPayload = new Uint8Array(0);

/** What came of a query: "ack a", "a: text", "ended complete", each with its time. */
interface Asked {
  readonly lines: string[];
  readonly stop: () => void;
  readonly timeoutMs: number;
  endedAfterMs: number | undefined;
}

function ask(cluster: SerfCluster, node: SimulatedNode, name: string, params: QueryParams = {}): Asked {
  const begunMs = cluster.network.nowMs;
  const lines: string[] = [];
  const asked: Asked = { lines, stop: () => sent.stop(), timeoutMs: 0, endedAfterMs: undefined };
  const sent = node.serf.query(name, utf8Encode("?"), params, {
    acked: (from) => void lines.push(`ack ${from}`),
    responded: (from, payload) => void lines.push(`${from}: ${utf8Decode(payload)}`),
    ended: (reason) => {
      lines.push(`ended ${reason}`);
      asked.endedAfterMs = cluster.network.nowMs - begunMs;
    },
  });
  return Object.assign(asked, { timeoutMs: sent.timeoutMs });
}

/** Has the node answer every query with what the function says; nothing for undefined. */
function answer(node: SimulatedNode, text: (query: QueryEvent) => string | undefined): void {
  const push = node.events.push.bind(node.events);
  node.events.push = (...events) => {
    for (const event of events) {
      const reply = event.kind === "query" ? text(event) : undefined;
      if (event.kind === "query" && reply !== undefined) event.respond(utf8Encode(reply));
    }
    return push(...events);
  };
}

function answering(cluster: SerfCluster, count: number, options: Partial<SerfOptions> = {}): SimulatedNode[] {
  const nodes = cluster.startJoined(count, options);
  for (const node of nodes) answer(node, () => node.name);
  return nodes;
}

function queriesOf(node: SimulatedNode): QueryEvent[] {
  return node.events.filter((event) => event.kind === "query");
}

describe("a query", () => {
  test.each([1, 2, 5, 12])("is told once at each of %i nodes, acked and answered, and ends when all have", (count) => {
    const cluster = new SerfCluster(count);
    const nodes = answering(cluster, count);
    const asked = ask(cluster, nodes.at(-1)!, "load", { requestAck: true });
    expect(asked.lines).toEqual([]);
    cluster.network.run(30_000);
    const names = nodes.map(({ name }) => name);
    expect(asked.lines.slice(0, -1).toSorted()).toEqual(
      [...names.map((name) => `ack ${name}`), ...names.map((name) => `${name}: ${name}`)].toSorted(),
    );
    expect(asked.lines.at(-1)).toBe("ended complete");
    expect(asked.endedAfterMs).toBeLessThan(asked.timeoutMs);
    for (const node of nodes)
      expect(queriesOf(node)).toMatchObject([{ name: "load", lamportTime: 1, sourceNode: nodes.at(-1)!.name }]);
  });

  test("ends when its time is up if somebody does not answer, by default after 3.2 s in a small cluster", () => {
    const cluster = new SerfCluster(1);
    const [a, b, c] = cluster.startJoined(3);
    answer(b!, () => "b");
    const asked = ask(cluster, a!, "load");
    expect(asked.timeoutMs).toBe(3200);
    cluster.network.run(10_000);
    expect(asked.lines).toEqual([`${b!.name}: b`, "ended timeout"]);
    expect(asked.endedAfterMs).toBe(3200);
    expect(queriesOf(c!)).toHaveLength(1);
  });

  test("ends only with its time where that is asked for", () => {
    const cluster = new SerfCluster(1);
    const nodes = answering(cluster, 3, { endQueriesEarly: false });
    const asked = ask(cluster, nodes[0]!, "load", { timeoutMs: 1500 });
    cluster.network.run(10_000);
    expect(asked.lines.at(-1)).toBe("ended timeout");
    expect(asked.endedAfterMs).toBe(1500);
  });

  test("is told only to those that the filters let through, and waits only for them", () => {
    const cluster = new SerfCluster(4);
    const first = cluster.start("a", { tags: { role: "web" } });
    const others = [
      cluster.start("b", { tags: { role: "web" } }),
      cluster.start("c", { tags: { role: "db" } }),
      cluster.start("d"),
    ];
    for (const node of others) cluster.join(node, first);
    cluster.network.run(5000);
    for (const node of [first, ...others]) answer(node, () => "yes");
    const byTag = ask(cluster, first, "load", { filterTags: { role: "^w" }, requestAck: true });
    const byName = ask(cluster, first, "load", { filterNodes: ["c"], requestAck: true });
    const byNobody = ask(cluster, first, "load", { filterNodes: ["stranger"], requestAck: true });
    cluster.network.run(20_000);
    expect(byTag.lines.toSorted()).toEqual(["a: yes", "ack a", "ack b", "b: yes", "ended complete"]);
    expect(byName.lines.toSorted()).toEqual(["ack c", "c: yes", "ended complete"]);
    expect(byNobody.lines).toEqual(["ended timeout"]);
    expect(queriesOf(others[2]!)).toEqual([]);
  });

  test("with an expression that is wrong is answered by nobody, and each node says why", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = answering(cluster, 2);
    const asked = ask(cluster, a!, "load", { filterTags: { role: "(" }, requestAck: true });
    cluster.network.run(20_000);
    expect(asked.lines).toEqual(["ended timeout"]);
    const said = b!.host.logger.lines.filter(({ message }) => message.includes("failed to compile filter regex (()"));
    expect(said).toMatchObject([{ level: "WARN" }]);
  });

  test("is answered by way of others, though all packets between asker and answerer are lost", () => {
    const cluster = new SerfCluster(3);
    const nodes = answering(cluster, 5);
    const [a, b] = nodes;
    cluster.network.cut([b!.host], [a!.host]);
    const asked = ask(cluster, a!, "load", { requestAck: true, relayFactor: 3 });
    const plain = ask(cluster, a!, "load", { requestAck: true });
    cluster.network.run(10_000);
    expect(asked.lines).toContain(`${b!.name}: ${b!.name}`);
    expect(asked.lines.filter((line) => line === `ack ${b!.name}`)).toHaveLength(1);
    expect(asked.lines.at(-1)).toBe("ended complete");
    expect(plain.lines).not.toContain(`ack ${b!.name}`);
    expect(plain.lines.at(-1)).toBe("ended timeout");
  });

  test("is answered once by each, and late answers to one that is over are not complained of", () => {
    const cluster = new SerfCluster(3);
    const nodes = answering(cluster, 5);
    const asked = ask(cluster, nodes[0]!, "load", { relayFactor: 4 });
    cluster.network.run(20_000);
    expect(asked.lines).toHaveLength(6);
    expect(nodes[0]!.host.metrics.counters.get("serf.query_responses")).toBe(5);
    expect(nodes[0]!.host.logger.lines.filter(({ message }) => message.includes("non-running"))).toEqual([]);
  });

  test("tells nothing after it was stopped", () => {
    const cluster = new SerfCluster(3);
    const nodes = answering(cluster, 3);
    const asked = ask(cluster, nodes[0]!, "load");
    asked.stop();
    asked.stop();
    cluster.network.run(20_000);
    expect(asked.lines).toEqual(["ended stopped"]);
  });

  test("ends when its node shuts down", () => {
    const cluster = new SerfCluster(3);
    const [a] = cluster.startJoined(2);
    const asked = ask(cluster, a!, "load");
    a!.serf.shutdown();
    expect(asked.lines).toEqual(["ended stopped"]);
    expect(() => ask(cluster, a!, "load")).toThrow(expect.objectContaining({ code: "NOT_RUNNING" }));
  });

  test("for reachability ends with the acks, and is told to nobody", () => {
    const cluster = new SerfCluster(3);
    const nodes = cluster.startJoined(4);
    const asked = ask(cluster, nodes[0]!, "_serf_ping", { requestAck: true });
    cluster.network.run(20_000);
    expect(asked.lines).toHaveLength(5);
    expect(asked.lines.at(-1)).toBe("ended complete");
    expect(nodes.flatMap(queriesOf)).toEqual([]);
  });

  test("of Serf's own that is not known is logged", () => {
    const cluster = new SerfCluster(3);
    const [a] = cluster.startJoined(1);
    ask(cluster, a!, "_serf_dance");
    expect(a!.host.logger.lines.map(({ message }) => message)).toContain("serf: Unhandled internal query 'dance'");
  });

  test("waits for nobody who left meanwhile", () => {
    const cluster = new SerfCluster(3);
    const nodes = answering(cluster, 4);
    cluster.settle((done) => nodes[3]!.serf.leave(() => done(undefined)));
    cluster.network.run(5000);
    const asked = ask(cluster, nodes[0]!, "load");
    cluster.network.run(20_000);
    expect(asked.lines).toHaveLength(4);
    expect(asked.lines.at(-1)).toBe("ended complete");
  });
});

describe("what cannot be asked or answered", () => {
  const codeOf = (attempt: () => unknown): string => {
    try {
      attempt();
      return "nothing thrown";
    } catch (error) {
      return error instanceof SerfError ? `${error.code}: ${error.message}` : String(error);
    }
  };

  test("is refused in the reference's words", () => {
    const cluster = new SerfCluster(1);
    const node = cluster.start("a");
    const query = (name: string, params: QueryParams = {}) => node.serf.query(name, noPayload, params, {});
    expect(codeOf(() => query("x".repeat(1100)))).toBe("QUERY_TOO_LARGE: query exceeds limit of 1024 bytes");
    expect(codeOf(() => query("x", { relayFactor: 256 }))).toBe(
      "INVALID_OPTION: Relay factor must be between 0 and 255",
    );
    const old = cluster.start("old", { protocolVersion: 3 });
    expect(codeOf(() => old.serf.query("x", noPayload, {}, {}))).toBe("NOT_SUPPORTED: Feature not supported");
  });

  test("is too large an answer, a second one, and one too late", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    const asked = ask(cluster, a!, "load", { timeoutMs: 1000 });
    cluster.expectSoon(() => queriesOf(b!).length > 0, "the query arrives");
    const [query] = queriesOf(b!);
    expect(codeOf(() => query!.respond(new Uint8Array(1024)))).toBe(
      "RESPONSE_TOO_LARGE: response exceeds limit of 1024 bytes",
    );
    query!.respond(utf8Encode("one"));
    expect(codeOf(() => query!.respond(utf8Encode("two")))).toBe("QUERY_CLOSED: response already sent");
    cluster.network.run(2000);
    expect(asked.lines).toEqual([`${b!.name}: one`, "ended timeout"]);
    expect(codeOf(() => queriesOf(a!)[0]!.respond(utf8Encode("late")))).toBe(
      "QUERY_CLOSED: response is past the deadline",
    );
  });

  test("is an answer that fits, but not with the head of a relay: it goes out alone", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(3);
    const asked = ask(cluster, a!, "load", { relayFactor: 1 });
    cluster.expectSoon(() => queriesOf(b!).length > 0, "the query arrives");
    expect(codeOf(() => queriesOf(b!)[0]!.respond(new Uint8Array(960)))).toBe(
      "RESPONSE_TOO_LARGE: relayed response exceeds limit of 1024 bytes",
    );
    cluster.network.run(1000);
    expect(asked.lines).toHaveLength(1);
  });

  test("is a query of which a stranger claims the answer", () => {
    const cluster = new SerfCluster(1);
    const [a, b] = cluster.startJoined(2);
    const asked = ask(cluster, a!, "load");
    const forge = (id: number, from: string): void => {
      const response = { kind: "query-response", lamportTime: 1, id, from, flags: 0, payload: noPayload } as const;
      b!.serf.memberlist.sendBestEffort({ address: "10.0.0.1", port: 7946 }, encodeSerfMessage(response));
    };
    for (let id = 0; id < 50; id++) forge(id, "b");
    cluster.network.run(10_000);
    expect(asked.lines).toEqual(["ended timeout"]);
    expect(a!.host.logger.lines.filter(({ message }) => message.includes("non-running query"))).toHaveLength(1);
  });
});
