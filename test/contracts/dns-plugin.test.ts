/** The plugin dns on real sockets: what a name server does for a connection, and what it asks of others. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { decode, encode, type RecordType, type StringAnswer } from "dns-packet";
import { afterAll, describe, expect, test } from "vitest";
import { plugin } from "../../src/plugins/dns/index.ts";
import { type BenchMember, createPluginBench, type PluginBench } from "../../src/plugins/index.ts";
import { loopback } from "../support/loopback.ts";
import { Sandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";

const sandbox = new Sandbox();
const hasIpv6 = Object.values(networkInterfaces()).some((entries) => entries?.some(({ address }) => address === "::1"));
const closes: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closes.splice(0).reverse()) await close();
  await sandbox.close();
});

const members: readonly BenchMember[] = [
  { name: "web1", address: "10.0.0.1", tags: { role: "web", port: "80" } },
  { name: "web2", address: "10.0.0.2", tags: { role: "web", port: "80" } },
];

interface Running {
  readonly bench: PluginBench;
  readonly port: number;
}

async function startDns(fileOptions: Readonly<Record<string, unknown>> = {}): Promise<Running> {
  const port = await sandbox.port();
  const bench = createPluginBench(plugin, {
    members,
    fileOptions: { listen: [`${loopback}:${port}`], ...fileOptions },
  });
  await bench.start();
  closes.push(() => bench.stop());
  return { bench, port };
}

function questionOf(name: string, id = 7, type: RecordType = "A"): Buffer {
  return encode({ type: "query", id, flags: 0x0100, questions: [{ name, type }] });
}

function framed(...messages: readonly Buffer[]): Buffer {
  return Buffer.concat(messages.flatMap((message) => [Buffer.of(message.length >> 8, message.length & 255), message]));
}

async function udpSocket(): Promise<UdpSocket> {
  const socket = createSocket("udp4");
  closes.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
  socket.bind(0, loopback);
  await once(socket, "listening");
  return socket;
}

/** One question over UDP. */
async function askUdp(port: number, question: Buffer) {
  const socket = await udpSocket();
  socket.send(question, port, loopback);
  const [bytes] = (await once(socket, "message")) as [Buffer];
  return read(bytes);
}

function read(bytes: Buffer) {
  const message = decode(bytes) as ReturnType<typeof decode> & { rcode: string };
  const data = (message.answers ?? []).map((answer) => (answer as StringAnswer).data).sort();
  return { id: message.id, rcode: message.rcode, data, isTruncated: message.flag_tc };
}

/** A connection and the messages that come over it. */
function open(port: number, host = loopback) {
  const socket = connect({ port, host, allowHalfOpen: true });
  closes.push(() => socket.destroy());
  const messages: ReturnType<typeof read>[] = [];
  let pending = Buffer.alloc(0);
  const state = { socket, messages, isClosed: false };
  socket.on("data", (bytes) => {
    pending = Buffer.concat([pending, bytes]);
    while (pending.length >= 2 && pending.length >= 2 + pending.readUInt16BE(0)) {
      const end = 2 + pending.readUInt16BE(0);
      messages.push(read(pending.subarray(2, end)));
      pending = pending.subarray(end);
    }
  });
  socket.on("error", () => undefined);
  socket.on("end", () => socket.end());
  socket.on("close", () => {
    state.isClosed = true;
  });
  return state;
}

describe("over UDP", () => {
  test("members are found as they come and go", async () => {
    const { bench, port } = await startDns();
    expect(bench.status).toBe(`serf. at ${loopback}:${port}, 3 members`);
    expect(await askUdp(port, questionOf("web.role.serf"))).toMatchObject({ id: 7, data: ["10.0.0.1", "10.0.0.2"] });
    bench.setMember({ name: "web1", status: "failed" });
    bench.setMember({ name: "web3", address: "10.0.0.3", tags: { role: "web" } });
    await bench.advance(100);
    expect(await askUdp(port, questionOf("web.role.serf"))).toMatchObject({ data: ["10.0.0.2", "10.0.0.3"] });
    bench.setMember({ name: "web3", address: "10.0.0.4" });
    await bench.advance(100);
    expect(await askUdp(port, questionOf("web3.node.serf"))).toMatchObject({ data: ["10.0.0.4"] });
    expect(bench.status).toContain("3 members");
    expect(await bench.action("zone")).toContain("web3.node.serf.\t5\tIN\tA\t10.0.0.4");
  });

  test("garbage is dropped, and what follows is answered", async () => {
    const { bench, port } = await startDns();
    const socket = await udpSocket();
    for (const bytes of ["", "x", "\u0000".repeat(1400)]) socket.send(bytes, port, loopback);
    expect(await askUdp(port, questionOf("web1.node.serf"))).toMatchObject({ data: ["10.0.0.1"] });
    expect(bench.failure).toBeUndefined();
  });
});

describe("over TCP", () => {
  test("questions may come all at once or byte by byte, and whoever closes its side still gets the answers", async () => {
    const { port } = await startDns();
    const connection = open(port);
    const { socket, messages } = connection;
    const bytes = framed(questionOf("web1.node.serf", 1), questionOf("web2.node.serf", 2), questionOf("x.serf", 3));
    socket.write(bytes.subarray(0, 5));
    await once(socket, "connect");
    socket.end(bytes.subarray(5));
    await waitFor(() => messages.length === 3, { what: "three answers" });
    await waitFor(() => connection.isClosed, { what: "the connection to be closed" });
    expect(messages.map(({ id, rcode, data }) => [id, rcode, ...data])).toEqual([
      [1, "NOERROR", "10.0.0.1"],
      [2, "NOERROR", "10.0.0.2"],
      [3, "NXDOMAIN"],
    ]);
  });

  test("who sends no whole question is closed, however busily it trickles", async () => {
    const { bench, port } = await startDns({ tcp_idle: "10s" });
    const idle = open(port);
    const used = open(port);
    await Promise.all([once(idle.socket, "connect"), once(used.socket, "connect")]);
    // The server has taken both.
    used.socket.write(framed(questionOf("web1.node.serf")));
    await waitFor(() => used.messages.length === 1, { what: "an answer" });
    await bench.advance(9_000);
    idle.socket.write("x");
    used.socket.write(framed(questionOf("web1.node.serf")));
    await waitFor(() => used.messages.length === 2, { what: "another answer" });
    await bench.advance(1_500);
    await waitFor(() => idle.isClosed, { what: "the idle connection to be closed" });
    expect(used.isClosed).toBe(false);
  });

  test("a message longer than any question ends the connection", async () => {
    const { port } = await startDns();
    const connection = open(port);
    connection.socket.write(Buffer.from("ffff", "hex"));
    await waitFor(() => connection.isClosed, { what: "the connection to be closed" });
  });

  test("one connection too many closes the oldest", async () => {
    const { port } = await startDns({ tcp_connections_max: 2 });
    const connections: ReturnType<typeof open>[] = [];
    for (let index = 0; index < 3; index++) {
      const connection = open(port);
      connection.socket.write(framed(questionOf("web1.node.serf")));
      await waitFor(() => connection.messages.length === 1, { what: "an answer" });
      connections.push(connection);
    }
    await waitFor(() => connections[0]?.isClosed === true, { what: "the oldest to be closed" });
    expect(connections.map(({ isClosed }) => isClosed)).toEqual([true, false, false]);
  });

  test("questions without end of somebody who reads no answers take no memory", async () => {
    const { bench, port } = await startDns();
    const { socket, messages } = open(port);
    socket.pause();
    // A hundred megabytes, far beyond what the buffers of any system take.
    const questions = framed(...Array.from({ length: 1_000 }, () => questionOf("web.role.serf")));
    let [sent, quietRounds] = [0, 0];
    const send = (): void => {
      quietRounds = 0;
      for (; sent < 100_000_000; sent += questions.length) if (!socket.write(questions)) return;
    };
    socket.on("drain", send);
    send();
    // Rounds and not seconds: while the server works, none goes by.
    const isStalled = (): boolean => ++quietRounds > 20;
    await waitFor(isStalled, { what: "nothing more to be taken", deadlineMs: 15_000 });
    expect(sent).toBeLessThan(50_000_000);
    socket.resume();
    await waitFor(() => messages.length > 1000, { what: "the answers to be read" });
    socket.destroy();
    expect(bench.failure).toBeUndefined();
  });
});

describe("an address", () => {
  test.each(["tcp", "udp"])("in use over %s is an error, and nothing of the plugin listens on", async (protocol) => {
    const [taken, free] = [await sandbox.port(), await sandbox.port()];
    if (protocol === "tcp") {
      const server = createServer().listen(taken, loopback);
      await once(server, "listening");
      closes.push(() => server.close());
    } else {
      const socket = createSocket("udp4").bind(taken, loopback);
      await once(socket, "listening");
      closes.push(() => socket.close());
    }
    const listen = [`${loopback}:${free}`, `${loopback}:${taken}`];
    const bench = createPluginBench(plugin, { options: { listen } });
    await expect(bench.start()).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
    const again = await createPluginBench(plugin, { options: { listen: [listen[0]!] } }).start();
    await again.stop();
  });

  test.skipIf(!hasIpv6)("may be of IPv6, beside one of IPv4 at the same port", async () => {
    const port = await sandbox.port();
    const bench = createPluginBench(plugin, {
      members,
      fileOptions: { listen: [`${loopback}:${port}`, `[::1]:${port}`] },
    });
    await bench.start();
    closes.push(() => bench.stop());
    const socket = createSocket("udp6");
    closes.push(() => new Promise<void>((resolve) => socket.close(() => resolve())));
    socket.send(questionOf("web1.node.serf"), port, "::1");
    const [bytes] = (await once(socket, "message")) as [Buffer];
    expect(read(bytes).data).toEqual(["10.0.0.1"]);
    const connection = open(port, "::1");
    connection.socket.write(framed(questionOf("web2.node.serf")));
    await waitFor(() => connection.messages.length === 1, { what: "an answer" });
    expect(connection.messages[0]?.data).toEqual(["10.0.0.2"]);
  });

  test("of no interface is an error that says so", async () => {
    const bench = createPluginBench(plugin, { options: { listen: ["192.0.2.1"] } });
    await expect(bench.start()).rejects.toThrow("192.0.2.1:8600: this machine has no such address");
  });
});

test.each([
  [{ zone: "a b" }, 'zone: "a b" is no name'],
  [{ zone: "x".repeat(41) }, "at most 40 bytes"],
  [{ listen: ["localhost"] }, 'listen: "localhost" is no IP address'],
  [{ listen: ["127.0.0.1:0"] }, "listen: port 0"],
  [{ clients: ["10.0.0.0/40"] }, 'clients: "10.0.0.0/40" is no network'],
  [{ resolvers: ["10.0.0.1:99999"] }, 'resolvers: "10.0.0.1:99999" is no IP address'],
])("the options %j are refused", (fileOptions, problem) => {
  expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
});

/** Another name server, which has one answer for everything: the address. */
async function startUpstream(answer: (question: Buffer, reply: (bytes: Buffer) => void, isUdp: boolean) => void) {
  const port = await sandbox.port();
  const udp = createSocket("udp4").bind(port, loopback);
  udp.on("message", (question, from) => answer(question, (bytes) => udp.send(bytes, from.port, from.address), true));
  const tcp = createServer((socket: Socket) => {
    socket.on("data", (bytes) => answer(bytes.subarray(2), (reply) => socket.write(framed(reply)), false));
    socket.on("error", () => undefined);
  }).listen(port, loopback);
  await Promise.all([once(udp, "listening"), once(tcp, "listening")]);
  closes.push(
    () => udp.close(),
    () => tcp.close(),
  );
  return `${loopback}:${port}`;
}

function answerWith(question: Buffer, address: string, change: { id?: number; name?: string } = {}): Buffer {
  const { id, questions = [] } = decode(question);
  const name = change.name ?? questions[0]!.name;
  return encode({
    type: "response",
    id: change.id ?? id ?? 0,
    flags: 0x0180,
    questions: [{ ...questions[0]!, name }],
    answers: [{ type: "A", name, ttl: 1, data: address }],
  });
}

describe("names of others", () => {
  test("are asked of the resolvers, and only the real answer is taken", async () => {
    const upstream = await startUpstream((question, reply) => {
      const id = decode(question).id ?? 0;
      reply(Buffer.from("x"));
      reply(question);
      reply(answerWith(question, "6.6.6.6", { id: id ^ 1 }));
      reply(answerWith(question, "6.6.6.7", { name: "other.example" }));
      reply(answerWith(question, "192.0.2.7"));
    });
    const { port } = await startDns({ forward: true, resolvers: [upstream] });
    expect(await askUdp(port, questionOf("www.ExAmple", 99))).toMatchObject({ id: 99, data: ["192.0.2.7"] });
    expect(await askUdp(port, questionOf("web1.node.serf"))).toMatchObject({ data: ["10.0.0.1"] });
  });

  test("over TCP are asked over TCP", async () => {
    const kinds: boolean[] = [];
    const upstream = await startUpstream((question, reply, isUdp) => {
      kinds.push(isUdp);
      reply(answerWith(question, "192.0.2.8"));
    });
    const { port } = await startDns({ forward: true, resolvers: [upstream] });
    const { socket, messages } = open(port);
    socket.end(framed(questionOf("a.example", 1), questionOf("b.example", 2)));
    await waitFor(() => messages.length === 2, { what: "both answers" });
    expect(messages.map(({ id }) => id).sort()).toEqual([1, 2]);
    expect(kinds).toEqual([false, false]);
  });

  test("are asked of the next resolver when one does not answer, and then it is over", async () => {
    let asked = 0;
    const silent = await startUpstream(() => {
      asked += 1;
    });
    const speaking = await startUpstream((question, reply) => reply(answerWith(question, "192.0.2.9")));
    const first = await startDns({ forward: true, resolvers: [silent, speaking], forward_timeout: "1s" });
    const answered = askUdp(first.port, questionOf("a.example"));
    await waitFor(() => asked === 1, { what: "the first to be asked" });
    await first.bench.advance(1_000);
    expect(await answered).toMatchObject({ data: ["192.0.2.9"] });

    const second = await startDns({ forward: true, resolvers: [silent], forward_timeout: "1s" });
    const failed = askUdp(second.port, questionOf("a.example"));
    for (const times of [2, 3]) {
      await waitFor(() => asked === times, { what: "it to be asked again" });
      await second.bench.advance(1_000);
    }
    expect(await failed).toMatchObject({ rcode: "SERVFAIL" });
  });

  test("are 256 at a time at most", async () => {
    let asked = 0;
    const silent = await startUpstream(() => {
      asked += 1;
    });
    const { port, bench } = await startDns({ forward: true, resolvers: [silent] });
    const socket = await udpSocket();
    let failed = 0;
    socket.on("message", (bytes) => {
      if (read(bytes).rcode === "SERVFAIL") failed += 1;
    });
    for (let id = 0; id < 300; id++) {
      socket.send(questionOf("a.example", id), port, loopback);
      // A few at a time, so that no buffer overflows.
      if (id % 20 === 19) await bench.settle();
    }
    await waitFor(() => failed === 44 && asked === 256, { what: "44 to be turned away and 256 to be asked" });
  });

  test("are not asked of the plugin itself", async () => {
    const port = await sandbox.port();
    const own = `${loopback}:${port}`;
    const options = { listen: [own], forward: true, resolvers: [own] };
    const bench = await createPluginBench(plugin, { options }).start();
    closes.push(() => bench.stop());
    expect(await askUdp(port, questionOf("a.example"))).toMatchObject({ rcode: "SERVFAIL" });
  });
});
