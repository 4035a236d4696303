import { describe, expect, test } from "vitest";
import { base64Encode } from "../../src/base/bytes.ts";
import type { KeyOperation, KeyReport } from "../../src/base/key-report.ts";
import { encodeKeyResponse } from "../../src/serf/key-messages.ts";
import type { SerfOptions } from "../../src/serf/options.ts";
import { countOf, SerfCluster, type SimulatedNode } from "../support/serf-cluster.ts";

const oldKey = new Uint8Array(32).fill(1);
const newKey = new Uint8Array(16).fill(2);
const [old64, new64] = [oldKey, newKey].map(base64Encode) as [string, string];

function encrypted(keys: readonly Uint8Array[] = [oldKey]): Partial<SerfOptions> {
  return { memberlist: { keys } };
}

function request(cluster: SerfCluster, node: SimulatedNode, operation: KeyOperation, key = ""): KeyReport {
  return cluster.settle((done) => node.serf.requestKeys(operation, key, done));
}

function keysOf(node: SimulatedNode): string[] | undefined {
  return node.serf.memberlist.keyring?.keys().map(base64Encode);
}

function rotate(cluster: SerfCluster, node: SimulatedNode): (string | undefined)[] {
  const steps = [
    ["install", new64],
    ["use", new64],
    ["remove", old64],
  ] as const;
  return steps.map(([operation, key]) => request(cluster, node, operation, key).problem);
}

describe("the keys of a cluster", () => {
  test("are rotated on every node without a failure, and listed", () => {
    const cluster = new SerfCluster(1);
    const nodes = cluster.startJoined(5, encrypted());
    expect(rotate(cluster, nodes[2]!)).toEqual([undefined, undefined, undefined]);
    for (const node of nodes) expect(keysOf(node)).toEqual([new64]);
    const { problem, ...report } = request(cluster, nodes[4]!, "list");
    expect(problem).toBeUndefined();
    expect(report).toEqual({
      nodeCount: 5,
      responseCount: 5,
      errorCount: 0,
      messages: new Map(),
      keys: new Map([[new64, 5]]),
      primaryKeys: new Map([[new64, 5]]),
    });
    cluster.network.run(60_000);
    for (const node of nodes) expect(countOf(node, "alive")).toBe(5);
  });

  test("are changed in the order of asking", () => {
    const cluster = new SerfCluster(2);
    const [a, b] = cluster.startJoined(3, encrypted());
    const problems: (string | undefined)[] = [];
    a!.serf.requestKeys("install", new64, ({ problem }) => void problems.push(problem));
    a!.serf.requestKeys("use", new64, ({ problem }) => void problems.push(problem));
    cluster.expectSoon(() => problems.length === 2, "both are done");
    expect(problems).toEqual([undefined, undefined]);
    expect(keysOf(b!)).toEqual([new64, old64]);
  });

  test("are reported node by node where a change fails", () => {
    const cluster = new SerfCluster(3);
    const [a, b] = cluster.startJoined(3, encrypted());
    b!.serf.memberlist.keyring!.add(newKey);
    const report = request(cluster, a!, "use", new64);
    expect(report).toMatchObject({ nodeCount: 3, errorCount: 2, problem: "2/3 nodes reported failure" });
    const unknown = "requested key is not in the keyring";
    expect(Object.fromEntries(report.messages)).toEqual({ "node-1": unknown, "node-3": unknown });
    // The one that knows it was not told to use it: those that do not would have heard it no more.
    expect(keysOf(b!)).toEqual([old64, new64]);
    expect(request(cluster, a!, "remove", old64).messages.get("node-1")).toBe(
      "removing the primary key is not allowed",
    );
    expect(request(cluster, a!, "install", "YWJj").messages.get("node-3")).toBe("key size must be 16, 24 or 32 bytes");
  });

  test("come into use once those that lack them know them, and not while somebody does not say", () => {
    const cluster = new SerfCluster(3);
    const [a, b, c] = cluster.startJoined(3, encrypted());
    for (const node of [a!, b!]) node.serf.memberlist.keyring!.add(newKey);
    expect(request(cluster, a!, "use", new64).problem).toBe("1/3 nodes reported failure");
    expect(request(cluster, a!, "install", new64).problem).toBeUndefined();
    cluster.network.partition([c!.host], [a!.host, b!.host]);
    const silent = request(cluster, a!, "use", new64);
    expect(silent).toMatchObject({ problem: "2/3 nodes reported success" });
    expect(Object.fromEntries(silent.messages)).toEqual({ "node-3": "no response" });
    for (const node of [a!, b!, c!]) expect(keysOf(node)).toEqual([old64, new64]);
    cluster.network.heal();
    cluster.expectSoon(() => request(cluster, a!, "use", new64).problem === undefined, "it is used", 1);
    for (const node of [a!, b!, c!]) expect(keysOf(node)).toEqual([new64, old64]);
  });

  test("are not there without encryption, as every node says", () => {
    const cluster = new SerfCluster(4);
    const [a] = cluster.startJoined(2);
    const listed = request(cluster, a!, "list");
    expect(listed.problem).toBe("2/2 nodes reported failure");
    expect(listed.messages.get("node-2")).toBe("Keyring is empty (encryption not enabled)");
    const changed = request(cluster, a!, "install", new64);
    expect(changed.messages.get("node-2")).toBe("No keyring to modify (encryption not enabled)");
  });

  test("are not asked for with something that is no base64", () => {
    const cluster = new SerfCluster(5);
    const a = cluster.start("a", encrypted());
    const report = request(cluster, a, "install", "no key");
    expect(report).toMatchObject({ nodeCount: 0, problem: "illegal base64 data at input byte 2" });
  });

  test("name who did not answer, and warn of those that are down", () => {
    const cluster = new SerfCluster(6);
    const [a, b, c, d] = cluster.startJoined(4, encrypted());
    cluster.network.crash(d!.host);
    cluster.expectSoon(() => [a!, b!, c!].every((node) => countOf(node, "failed") === 1), "d is failed");
    expect(request(cluster, a!, "install", new64)).toMatchObject({ nodeCount: 3, problem: undefined });
    expect(a!.host.logger.lines).toContainEqual(
      expect.objectContaining({ message: "serf: install-key does not reach members that are down: node-4" }),
    );
    cluster.network.crash(c!.host);
    const report = request(cluster, a!, "use", new64);
    expect(report.problem).toBe("2/3 nodes reported success");
    expect(Object.fromEntries(report.messages)).toEqual({ "node-3": "no response" });
  });

  test("are kept by whoever wants to, the primary one first; the asker is told where that failed", () => {
    const cluster = new SerfCluster(7);
    const [a, b] = cluster.startJoined(2, encrypted());
    const kept: string[][] = [];
    a!.serf.onKeysChanged((keys) => {
      kept.push(keys.map(base64Encode));
      return undefined;
    });
    b!.serf.onKeysChanged(() => "Failed to write keyring file: disk full");
    request(cluster, a!, "install", new64);
    const report = request(cluster, a!, "use", new64);
    expect(kept).toEqual([
      [old64, new64],
      [new64, old64],
    ]);
    expect(report.problem).toBe("1/2 nodes reported failure");
    expect(report.messages.get("node-2")).toBe("Failed to write keyring file: disk full");
  });

  test("that do not all fit an answer are listed from the first, with a word that there are more", () => {
    const cluster = new SerfCluster(8);
    const keys = Array.from({ length: 60 }, (_, index) => new Uint8Array(32).fill(index));
    const [a] = cluster.startJoined(2, encrypted(keys));
    const report = request(cluster, a!, "list");
    const [message] = report.messages.values();
    const count = Number(/^truncated key list response, showing first (\d+) of 60 keys$/.exec(message ?? "")?.[1]);
    expect(count).toBeGreaterThan(15);
    expect([...report.keys]).toEqual(keys.slice(0, count).map((key) => [base64Encode(key), 2]));
    expect(report.problem).toBeUndefined();
  });

  test("are asked for no more when the node shuts down", () => {
    const cluster = new SerfCluster(9);
    const [a, b] = cluster.startJoined(2, encrypted());
    cluster.network.crash(b!.host);
    const problems: (string | undefined)[] = [];
    for (const operation of ["install", "use"] as const)
      a!.serf.requestKeys(operation, new64, ({ problem }) => void problems.push(problem));
    a!.serf.shutdown();
    expect(problems).toEqual(["0/2 nodes reported success", "the node is shut down"]);
    expect(() => a!.serf.requestKeys("list", "", () => undefined)).toThrow("the node is shut down");
  });
});

test("an answer about keys has the reference's bytes", () => {
  const answer = encodeKeyResponse({ succeeded: true, message: "", keys: undefined, primaryKey: "" });
  const text = Buffer.from(answer).toString("latin1");
  expect(text).toBe("\u0008\u0084\u00a4Keys\u00c0\u00a7Message\u00a0\u00aaPrimaryKey\u00a0\u00a6Result\u00c3");
});
