import { describe, expect, test } from "vitest";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import { SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated-network.ts";

/** Two hosts; `seen` grows by what each is told. */
function twoHosts(options: Partial<SimulatedNetworkOptions> = {}) {
  const network = new SimulatedNetwork({ seed: 1, ...options });
  const seen: string[] = [];
  const a = listen(network.createHost({ address: "10.0.0.1", name: "a" }), seen);
  const b = listen(network.createHost({ address: "10.0.0.2", name: "b" }), seen);
  return { network, a, b, seen };
}

function listen(host: SimulatedHost, seen: string[]): SimulatedHost {
  host.transport.listen({
    receivePacket: (_, packet, atMs) => seen.push(`${host.name} packet ${utf8Decode(packet)} at ${atMs}`),
    acceptStream: () => {
      seen.push(`${host.name} accepted`);
      return handlerOf(host, seen);
    },
    packetFailed: () => undefined,
  });
  return host;
}

function handlerOf(host: SimulatedHost, seen: string[]) {
  return {
    opened: () => seen.push(`${host.name} opened`),
    received: (bytes: Uint8Array) => seen.push(`${host.name} received ${bytes.length}`),
    ended: () => seen.push(`${host.name} ended`),
    closed: (failure?: { readonly kind: string }) => seen.push(`${host.name} closed ${failure?.kind ?? "well"}`),
  };
}

const send = (from: SimulatedHost, to: SimulatedHost, text: string) =>
  from.transport.sendPacket(to.transport.bound, utf8Encode(text));
const open = (from: SimulatedHost, to: SimulatedHost, seen: string[], timeoutMs = 10_000) =>
  from.transport.openStream(to.transport.bound, timeoutMs, handlerOf(from, seen));

describe("a stalled process", () => {
  test("sends and hears nothing until it goes on, and its timers fire in time", () => {
    const { network, a, b, seen } = twoHosts();
    b.timers.after(5, () => seen.push(`b timer at ${network.nowMs}`));
    b.stall();
    send(a, b, "in");
    send(b, a, "out");
    network.run(100);
    expect(seen).toEqual(["b timer at 5"]);
    b.resume();
    network.run(1);
    expect(seen.slice(1)).toEqual(["b packet in at 100", "a packet out at 100.5"]);
  });

  test("opens no stream until it goes on", () => {
    const { network, a, b, seen } = twoHosts();
    b.stall();
    open(b, a, seen);
    network.run(100);
    expect(seen).toEqual([]);
    b.resume();
    network.run(10);
    expect(seen).toEqual(["a accepted", "b opened"]);
  });
});

describe("a paused process", () => {
  test("finds everything that waited when it goes on, and not what was cancelled meanwhile", () => {
    const { network, a, b, seen } = twoHosts();
    b.timers.after(5, () => seen.push(`b timer at ${network.nowMs}`));
    const cancelled = b.timers.after(6, () => seen.push("b cancelled"));
    b.pause();
    send(a, b, "1");
    send(a, b, "2");
    network.run(100);
    cancelled.cancel();
    expect(seen).toEqual([]);
    b.resume();
    expect(seen.toSorted()).toEqual(["b packet 1 at 100", "b packet 2 at 100", "b timer at 100"]);
    expect(seen.indexOf("b packet 1 at 100")).toBeLessThan(seen.indexOf("b packet 2 at 100"));
  });

  test("loses the packets that its receive buffer has no room for", () => {
    const { network, a, b, seen } = twoHosts();
    b.process.receiveBufferBytes = 3;
    b.pause();
    for (const text of ["1", "2", "3", "4"]) send(a, b, text);
    network.run(10);
    b.resume();
    expect(seen).toHaveLength(3);
    expect(b.process.droppedCount).toBe(1);
  });

  test("has its kernel accept streams, and take no more bytes than fit", () => {
    const { network, a, b, seen } = twoHosts();
    b.pause();
    const stream = open(a, b, seen);
    network.run(10);
    expect(seen).toEqual(["a opened"]);
    stream.write(new Uint8Array(1_000_000));
    network.run(10_000);
    expect(stream.pendingBytes).toBeGreaterThan(800_000);
    b.resume();
    network.run(1_000);
    expect(stream.pendingBytes).toBe(0);
    expect(seen.slice(1, 3)).toEqual(["b accepted", "b received 65536"]);
  });

  test("that crashes finds nothing any more", () => {
    const { network, a, b, seen } = twoHosts();
    b.pause();
    send(a, b, "1");
    network.run(10);
    b.crash();
    b.resume();
    expect(seen).toEqual([]);
  });
});

describe("a clock", () => {
  test("that drifts shows another time, and its timers fire by it", () => {
    const { network, a, seen } = twoHosts();
    network.run(1_000);
    a.clock.drift(2);
    a.timers.after(500, () => seen.push(`fired at ${network.nowMs}, it shows ${a.clock.monotonicMs()}`));
    network.run(1_000);
    expect(seen).toEqual(["fired at 1250, it shows 1500"]);
    a.clock.drift(1);
    network.run(1_000);
    expect(a.clock.monotonicMs()).toBe(4_000);
  });

  test("that is set shows another time of day, and goes on as before", () => {
    const { a } = twoHosts();
    const before = a.clock.wallMs();
    a.clock.jump(-86_400_000);
    expect(a.clock.wallMs() - before).toBe(-86_400_000);
    expect(a.clock.monotonicMs()).toBe(0);
  });
});

describe("a machine without power", () => {
  test("tells nobody that its streams are gone, and answers nothing, until something is started on it", () => {
    const { network, a, b, seen } = twoHosts();
    const stream = open(a, b, seen);
    network.run(10);
    b.losePower();
    network.run(60_000);
    open(a, b, seen, 3_000);
    network.run(5_000);
    expect(seen).toEqual(["b accepted", "a opened", "a closed timeout"]);
    listen(network.createHost({ address: b.address, name: "b" }), seen);
    stream.write(utf8Encode("are you there?"));
    network.run(10);
    expect(seen.at(-1)).toBe("a closed reset");
  });

  test("has lost what was not synced", () => {
    const { network, a } = twoHosts();
    const opened = a.storage.open("file");
    if ("error" in opened) throw new Error(opened.error);
    opened.file.append(utf8Encode("kept "), () => undefined);
    opened.file.sync(() => undefined);
    opened.file.append(utf8Encode("lost"), () => undefined);
    network.run(10);
    a.losePower();
    expect(utf8Decode(a.disk.read("file")!)).toBe("kept ");
  });
});

describe("streams", () => {
  test("keep their order whatever the latency of their segments", () => {
    const { network, a, b, seen } = twoHosts({
      latencyMs: { kind: "uniform", minMs: 1, maxMs: 100 },
      streamChunkBytesMax: 10,
    });
    network.setConditions({ streamLoss: 0.3, streamStalls: 0.2, streamStallMs: 500 });
    const bytes: number[] = [];
    b.transport.close();
    const host = network.createHost({ address: b.address, name: "b" });
    host.transport.listen({
      receivePacket: () => undefined,
      acceptStream: () => ({ ...handlerOf(host, seen), received: (chunk) => void bytes.push(...chunk) }),
      packetFailed: () => undefined,
    });
    const stream = open(a, host, seen);
    stream.write(Uint8Array.from({ length: 250 }, (_, index) => index));
    stream.end();
    network.run(120_000);
    expect(bytes).toEqual(Array.from({ length: 250 }, (_, index) => index));
    expect(seen.at(-1)).toBe("b ended");
  });

  test("break at any byte, half of them without a word", () => {
    const ends = new Map<string, number>();
    const lengths = new Set<number>();
    for (let seed = 0; seed < 60; seed++) {
      const { network, a, b, seen } = twoHosts({ seed });
      network.setConditions({ streamBreaks: 1 });
      open(a, b, seen).write(new Uint8Array(100_000));
      network.run(120_000);
      const received = seen.filter((line) => line.startsWith("b received")).map((line) => Number(line.split(" ")[2]));
      lengths.add(received.reduce((sum, length) => sum + length, 0));
      const end = seen.filter((line) => line.includes("closed")).join(", ");
      ends.set(end, (ends.get(end) ?? 0) + 1);
    }
    expect([...ends.keys()].toSorted()).toEqual(["", "b closed reset, a closed reset"]);
    expect(ends.get("")).toBeGreaterThan(15);
    expect(lengths.size).toBeGreaterThan(30);
  });
});
