import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { afterEach, describe, expect, test } from "vitest";
import { NodeResolver, type NodeResolverOptions } from "./node-resolver.ts";

type Answer = { addresses: readonly string[] } | { error: string };

let servers: Socket[] = [];
afterEach(() => {
  for (const server of servers) server.close();
  servers = [];
});

function resolve(hostName: string, options?: NodeResolverOptions): Promise<Answer> {
  return new Promise((done) => {
    let isLater = false;
    new NodeResolver(options).resolve(hostName, (answer) => {
      expect(isLater).toBe(true);
      done(answer);
    });
    isLater = true;
  });
}

/** A name server that knows the same addresses for every name, or says nothing at all. */
async function nameServer(knows: { a: readonly string[] } | "nothing"): Promise<string> {
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  server.on("message", (query, from) => {
    if (knows !== "nothing") server.send(dnsAnswer(query, knows.a), from.port, from.address);
  });
  return `127.0.0.1:${server.address().port}`;
}

function dnsAnswer(query: Buffer, addresses: readonly string[]): Buffer {
  // The question: a name of labels, closed by a 0, then type and class.
  const questionEnd = query.indexOf(0, 12) + 5;
  const isA = query.readUInt16BE(questionEnd - 4) === 1;
  const records = isA
    ? addresses.map((address) =>
        Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 1, 0, 4, ...address.split(".").map(Number)]),
      )
    : [];
  const head = Buffer.from([query[0]!, query[1]!, 0x81, 0x80, 0, 1, 0, records.length, 0, 0, 0, 0]);
  return Buffer.concat([head, query.subarray(12, questionEnd), ...records]);
}

describe("node resolver", () => {
  test("an address is its own answer", async () => {
    expect(await resolve("10.1.2.3")).toEqual({ addresses: ["10.1.2.3"] });
    expect(await resolve("::1")).toEqual({ addresses: ["::1"] });
  });

  test("a name without a dot is the system's to know", async () => {
    const answer = await resolve("localhost");
    expect("addresses" in answer && answer.addresses.includes("127.0.0.1")).toBe(true);
  });

  test("a name with a dot gets all addresses that the name server has, each once (detail 17)", async () => {
    const server = await nameServer({ a: ["10.0.0.1", "10.0.0.2", "10.0.0.1"] });
    const answer = await resolve("web.serf.test", { servers: [server] });
    expect("addresses" in answer && answer.addresses.toSorted()).toEqual(["10.0.0.1", "10.0.0.2"]);
  });

  test("a name server that says nothing does not hold up the answer beyond its time", async () => {
    const server = await nameServer("nothing");
    const startMs = performance.now();
    const answer = await resolve("web.serf.test", { servers: [server], timeoutMs: 200 });
    expect(answer).toEqual({ error: "lookup web.serf.test: no answer within 200 ms" });
    expect(performance.now() - startMs).toBeLessThan(1_000);
  });

  test("a name that nobody knows is an error that names it", async () => {
    const server = await nameServer({ a: [] });
    const answer = await resolve("nobody.invalid", { servers: [server], timeoutMs: 5_000 });
    expect(answer).toEqual({ error: expect.stringMatching(/^lookup nobody\.invalid: /) });
  });
});
