import { createSocket, type Socket } from "node:dgram";
import { once } from "node:events";
import { decode, encode, type Answer as Record, type SrvAnswer } from "dns-packet";
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

/** A name server for a service: its SRV records, and the addresses of the targets. */
async function serviceServer(targets: readonly SrvAnswer["data"][], addresses: Readonly<{ [target: string]: string }>) {
  const server = createSocket("udp4").bind(0, "127.0.0.1");
  servers.push(server);
  await once(server, "listening");
  server.on("message", (query, from) => {
    const { id = 0, questions = [] } = decode(query);
    const { name, type } = questions[0]!;
    const address = addresses[name];
    let answers: Record[] = [];
    if (type === "SRV") answers = targets.map((data) => ({ type: "SRV", name, data }));
    if (type === "A" && address !== undefined) answers = [{ type: "A", name, data: address }];
    server.send(encode({ id, type: "response", questions, answers }), from.port, from.address);
  });
  return `127.0.0.1:${server.address().port}`;
}

function resolveService(service: string, options: NodeResolverOptions): Promise<unknown> {
  return new Promise((done) => new NodeResolver(options).resolveService(service, done));
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

  test("a service is at the addresses of its targets, with their ports, the lowest priority first", async () => {
    const server = await serviceServer(
      [
        { target: "b.test", port: 7001, priority: 20, weight: 100 },
        { target: "a.test", port: 7000, priority: 10, weight: 0 },
        { target: "gone.invalid", port: 7002, priority: 0, weight: 0 },
      ],
      { "a.test": "10.0.0.1", "b.test": "10.0.0.2" },
    );
    expect(await resolveService("_serf._tcp.example.test", { servers: [server] })).toEqual({
      endpoints: [
        { address: "10.0.0.1", port: 7000 },
        { address: "10.0.0.2", port: 7001 },
      ],
    });
  });

  test("of a service with many targets 16 are looked up, those with more weight more often", async () => {
    const targets = Array.from({ length: 60 }, (_, index) => ({
      target: `n${index}.test`,
      port: 7946,
      weight: index < 30 ? 1 : 1000,
    }));
    const addresses = Object.fromEntries(targets.map(({ target }, index) => [target, `10.0.0.${index}`]));
    const server = await serviceServer(targets, addresses);
    const found = await resolveService("_serf._tcp.example.test", { servers: [server] });
    const { endpoints } = found as { endpoints: readonly { address: string }[] };
    expect(endpoints).toHaveLength(16);
    const heavy = endpoints.filter(({ address }) => Number(address.split(".")[3]) >= 30);
    expect(heavy.length).toBeGreaterThan(12);
  });

  test("a service that nobody knows, or whose targets have no address, is an error that names it", async () => {
    const nobody = await serviceServer([], {});
    const answer = { error: expect.stringMatching(/^lookup _serf\._tcp\.example\.test: /) };
    expect(await resolveService("_serf._tcp.example.test", { servers: [nobody] })).toEqual(answer);
    const homeless = await serviceServer([{ target: "gone.invalid", port: 1 }], {});
    expect(await resolveService("_serf._tcp.example.test", { servers: [homeless], timeoutMs: 8_000 })).toEqual(answer);
  });
});
