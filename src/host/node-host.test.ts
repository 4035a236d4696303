import { createSocket } from "node:dgram";
import { once } from "node:events";
import { connect, createServer, type Socket } from "node:net";
import { networkInterfaces } from "node:os";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterEach, describe, expect, test } from "vitest";
import type { Endpoint } from "../base/address.ts";
import type { Stream, TransportReceiver } from "../base/host.ts";
import { createNodeHost, type NodeHost, type NodeHostOptions } from "./node-host.ts";

const loopback = "127.0.0.1";
const hasIpv6 = Object.values(networkInterfaces()).some((addresses) =>
  addresses?.some(({ address }) => address === "::1"),
);

let cleanUps: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanUp of cleanUps.reverse()) await cleanUp();
  cleanUps = [];
});

async function create(options: Partial<NodeHostOptions> = {}): Promise<NodeHost> {
  const host = await createNodeHost({ bindAddress: loopback, bindPort: 0, ...options });
  cleanUps.push(() => host.close());
  return host;
}

async function until(condition: () => boolean): Promise<void> {
  const endMs = performance.now() + 5_000;
  while (!condition()) {
    if (performance.now() > endMs) throw new Error(`not within 5 s: ${condition}`);
    await nextTurn();
  }
}

/** Listens; says who sent packets and keeps the streams that were opened. */
function listen(host: NodeHost) {
  const heard = { from: [] as Endpoint[], streams: [] as Stream[], closed: 0 };
  const receiver: TransportReceiver = {
    receivePacket: (from) => heard.from.push(from),
    acceptStream: (stream) => {
      heard.streams.push(stream);
      return {
        opened: () => undefined,
        received: () => undefined,
        ended: () => stream.end(),
        closed: () => heard.closed++,
      };
    },
    packetFailed: () => undefined,
  };
  host.transport.listen(receiver);
  return heard;
}

function connectRaw(to: Endpoint, options = {}): Socket {
  const socket = connect({ host: to.address, port: to.port, ...options }).on("error", () => undefined);
  cleanUps.push(() => socket.destroy());
  return socket;
}

describe("timers", () => {
  test("after a pause wait until the packets that came meanwhile were read", async () => {
    const [a, b] = [await create(), await create()];
    const order: string[] = [];
    const receiver = { acceptStream: () => expect.unreachable(), packetFailed: () => undefined };
    a.transport.listen({ ...receiver, receivePacket: () => order.push("packet") });
    b.transport.listen({ ...receiver, receivePacket: () => undefined });
    a.timers.after(5, () => order.push("timer"));
    b.transport.sendPacket(a.transport.bound, Uint8Array.of(1));
    const endMs = performance.now() + 50;
    while (performance.now() < endMs);
    await until(() => order.length === 2);
    expect(order).toEqual(["packet", "timer"]);
  });
});

describe("many timers that are due at once", () => {
  test("let in packets that come meanwhile", async () => {
    const [a, b] = [await create(), await create()];
    const order: string[] = [];
    const receiver = { acceptStream: () => expect.unreachable(), packetFailed: () => undefined };
    a.transport.listen({ ...receiver, receivePacket: () => order.push("packet") });
    b.transport.listen({ ...receiver, receivePacket: () => undefined });
    a.timers.after(1, () => b.transport.sendPacket(a.transport.bound, Uint8Array.of(1)));
    for (let count = 0; count < 100; count++) {
      a.timers.after(1, () => {
        const endMs = performance.now() + 1;
        while (performance.now() < endMs);
        order.push("timer");
      });
    }
    const dueMs = performance.now() + 10;
    while (performance.now() < dueMs);
    await until(() => order.length === 101);
    expect(order.indexOf("packet")).toBeLessThan(100);
  });

  test("let those go first that have no delay, and are not held up by them for ever", async () => {
    const { timers } = await create();
    const order: string[] = [];
    const work = (what: string) => {
      const endMs = performance.now() + 1;
      while (performance.now() < endMs);
      order.push(what);
    };
    const again = () => {
      work("prompt");
      if (order.filter((what) => what === "delayed").length < 50) timers.after(0, again);
    };
    timers.after(1, again);
    for (let count = 0; count < 50; count++) timers.after(1, () => work("delayed"));
    const dueMs = performance.now() + 10;
    while (performance.now() < dueMs);
    await until(() => order.filter((what) => what === "delayed").length === 50);
    // About as many of one as of the other, by turns.
    expect(order.slice(0, 25)).toContain("delayed");
    expect(order.slice(1, 25)).toContain("prompt");
  });

  test("fire though one of them throws", async () => {
    const { timers } = await create();
    const fired: string[] = [];
    const mistakes: unknown[] = [];
    const listeners = process.listeners("uncaughtException");
    process.removeAllListeners("uncaughtException");
    process.once("uncaughtException", (error) => mistakes.push(error));
    cleanUps.push(() => {
      for (const listener of listeners) process.on("uncaughtException", listener);
    });
    timers.after(1, () => {
      throw new Error("a mistake of ours");
    });
    timers.after(1, () => fired.push("the next"));
    await until(() => fired.length === 1);
    expect(mistakes).toEqual([new Error("a mistake of ours")]);
  });
});

describe("binding", () => {
  test("port 0 finds a port that is free for packets and streams", async () => {
    const { bound } = (await create()).transport;
    expect(bound.port).toBeGreaterThan(0);
    await expect(create({ bindPort: bound.port })).rejects.toMatchObject({ code: "ADDRESS_IN_USE" });
  });

  test("a port that only UDP lacks leaves nothing bound for TCP", async () => {
    const udp = createSocket("udp4").bind(0, loopback);
    await once(udp, "listening");
    const { port } = udp.address();
    await expect(create({ bindPort: port })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(`cannot listen for UDP on ${loopback}:${port}`),
    });
    const tcp = createServer().listen(port, loopback);
    await once(tcp, "listening");
    tcp.close();
    udp.close();
  });

  test("a port that TCP lacks is named with its protocol", async () => {
    const tcp = createServer().listen(0, loopback);
    await once(tcp, "listening");
    const { port } = tcp.address() as Endpoint;
    await expect(create({ bindPort: port })).rejects.toMatchObject({
      code: "ADDRESS_IN_USE",
      message: expect.stringContaining(`cannot listen for TCP on ${loopback}:${port}`),
    });
    tcp.close();
  });

  test.each([
    ["not an address", "INVALID_ADDRESS"],
    ["localhost", "INVALID_ADDRESS"],
    ["192.0.2.1", "ADDRESS_NOT_AVAILABLE"],
  ])("%s is refused as %s", async (bindAddress, code) => {
    await expect(create({ bindAddress })).rejects.toMatchObject({ name: "SerfError", code });
  });

  test("a receive buffer that the system refuses is asked for again, smaller", async () => {
    await create({ udpReceiveBufferBytes: 2 ** 40 });
  });

  test("after close the port is free at once", async () => {
    const host = await createNodeHost({ bindAddress: loopback, bindPort: 0 });
    await host.close();
    const successor = await create({ bindPort: host.transport.bound.port });
    expect(successor.transport.bound).toEqual(host.transport.bound);
  });
});

describe("addresses", () => {
  test("a host bound to all of IPv4 is reached at one of its addresses", async () => {
    const all = await create({ bindAddress: "0.0.0.0" });
    const one = await create();
    const heard = listen(all);
    one.transport.sendPacket({ address: loopback, port: all.transport.bound.port }, Uint8Array.of(1));
    await until(() => heard.from.length === 1);
    expect(heard.from).toEqual([one.transport.bound]);
  });

  test.skipIf(!hasIpv6)("a host bound to :: speaks IPv4 and IPv6, and IPv4 addresses look like IPv4", async () => {
    const all = await create({ bindAddress: "::" });
    const { port } = all.transport.bound;
    const heard = listen(all);
    for (const address of [loopback, "::1"]) {
      const one = await create({ bindAddress: address });
      const answers = listen(one);
      one.transport.sendPacket({ address, port }, Uint8Array.of(1));
      await until(() => heard.from.at(-1)?.address === address);
      expect(heard.from.at(-1)).toEqual(one.transport.bound);
      all.transport.sendPacket(one.transport.bound, Uint8Array.of(2));
      await until(() => answers.from.length === 1);
      expect(answers.from).toEqual([{ address, port }]);
      connectRaw({ address, port });
      await until(() => heard.streams.at(-1)?.remote.address === address);
    }
  });

  test("what is no address, or of the other IP version, fails later instead of being looked up", async () => {
    const host = await create();
    const failed: string[] = [];
    host.transport.listen({
      receivePacket: () => undefined,
      acceptStream: () => {
        throw new Error("nobody calls");
      },
      packetFailed: (to, failure) => failed.push(`${to.address} ${failure.kind}`),
    });
    for (const address of ["localhost", "::1", ""]) {
      host.transport.sendPacket({ address, port: 7946 }, Uint8Array.of(1));
    }
    for (const address of ["localhost", ""]) {
      host.transport.openStream({ address, port: 7946 }, 1_000, {
        opened: () => failed.push("opened"),
        received: () => undefined,
        ended: () => undefined,
        closed: (failure) => failed.push(`stream ${address} ${failure?.kind}`),
      });
    }
    expect(failed).toEqual([]);
    await until(() => failed.length >= 5);
    expect(failed.toSorted()).toEqual([
      " unreachable",
      "::1 unreachable",
      "localhost unreachable",
      "stream  unreachable",
      "stream localhost unreachable",
    ]);
  });
});

describe("streams of others", () => {
  test("are turned away until the node listens", async () => {
    const host = await create();
    const socket = connectRaw(host.transport.bound);
    await once(socket, "close");
    const heard = listen(host);
    connectRaw(host.transport.bound);
    await until(() => heard.streams.length === 1);
  });

  test("beyond the limit are closed at once and counted, until others are gone", async () => {
    const counted: string[] = [];
    const host = await create({
      acceptedStreamsMax: 2,
      metrics: {
        increment: (name) => counted.push(name),
        gauge: () => undefined,
        sample: () => undefined,
      },
    });
    const heard = listen(host);
    const first = connectRaw(host.transport.bound);
    connectRaw(host.transport.bound);
    await until(() => heard.streams.length === 2);
    await once(connectRaw(host.transport.bound), "close");
    expect(counted).toEqual(["memberlist.tcp.dropped"]);
    first.end();
    await until(() => heard.closed === 1);
    connectRaw(host.transport.bound);
    await until(() => heard.streams.length === 3);
  });

  test("that do not read let bytes pend, and those that read again drain them", async () => {
    const host = await create();
    const heard = listen(host);
    const socket = connectRaw(host.transport.bound);
    socket.pause();
    await until(() => heard.streams.length === 1);
    const stream = heard.streams[0]!;
    const chunk = new Uint8Array(1024 * 1024);
    // More than the kernels' buffers of both sides take.
    for (let i = 0; i < 32; i++) stream.write(chunk);
    for (let turn = 0; turn < 50; turn++) await nextTurn();
    expect(stream.pendingBytes).toBeGreaterThan(16 * chunk.length);
    let received = 0;
    socket.on("data", (bytes) => {
      received += bytes.length;
    });
    socket.resume();
    await until(() => received === 32 * chunk.length);
    await until(() => stream.pendingBytes === 0);
  });

  test("that are reset are told so", async () => {
    const host = await create();
    const kinds: (string | undefined)[] = [];
    host.transport.listen({
      receivePacket: () => undefined,
      acceptStream: () => ({
        opened: () => undefined,
        received: () => undefined,
        ended: () => kinds.push("ended"),
        closed: (failure) => kinds.push(failure?.kind),
      }),
      packetFailed: () => undefined,
    });
    const socket = connectRaw(host.transport.bound);
    await once(socket, "connect");
    socket.resetAndDestroy();
    await until(() => kinds.length === 1);
    expect(kinds).toEqual(["reset"]);
  });
});
