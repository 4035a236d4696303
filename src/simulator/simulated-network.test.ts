import { describe, expect, test } from "vitest";
import type { SimulatedHost } from "./simulated-host.ts";
import { SimulatedNetwork } from "./simulated-network.ts";

/** Two hosts; the returned list grows by what each receives, as "who<-text". */
function twoHosts(seed = 1) {
  const network = new SimulatedNetwork({ seed });
  const a = network.createHost({ address: "10.0.0.1", name: "a" });
  const b = network.createHost({ address: "10.0.0.2", name: "b" });
  const received: string[] = [];
  for (const host of [a, b]) listen(host, received);
  return { network, a, b, received };
}

function listen(host: SimulatedHost, received: string[]): void {
  host.transport.listen({
    receivePacket: (from, packet, atMs) =>
      received.push(`${host.name}<-${new TextDecoder().decode(packet)} from ${from.address} at ${atMs}`),
    acceptStream: (stream) => ({
      opened: () => undefined,
      received: (bytes) => received.push(`${host.name}<-${new TextDecoder().decode(bytes)}`),
      ended: () => {
        received.push(`${host.name}: ended`);
        stream.end();
      },
      closed: (failure) => received.push(`${host.name}: closed ${failure?.kind ?? "well"}`),
    }),
    packetFailed: () => undefined,
  });
}

function open(from: SimulatedHost, to: SimulatedHost, received: string[], timeoutMs = 1_000) {
  return from.transport.openStream({ address: to.address, port: to.port }, timeoutMs, {
    opened: () => received.push(`${from.name}: opened`),
    received: (bytes) => received.push(`${from.name}<-${new TextDecoder().decode(bytes)}`),
    ended: () => received.push(`${from.name}: ended`),
    closed: (failure) => received.push(`${from.name}: closed ${failure?.kind ?? "well"}`),
  });
}

const text = (message: string) => new TextEncoder().encode(message);

describe("simulated network", () => {
  test("a packet arrives after the latency, and without sharing memory", () => {
    const { network, a, b, received } = twoHosts();
    const packet = text("hello");
    a.transport.sendPacket({ address: b.address, port: b.port }, packet);
    packet.fill(0);
    network.run(0.4);
    expect(received).toEqual([]);
    network.run(0.1);
    expect(received).toEqual(["b<-hello from 10.0.0.1 at 0.5"]);
  });

  test("loses about the share of packets it was told to", () => {
    const { network, a, b, received } = twoHosts();
    network.setLoss(0.3);
    for (let i = 0; i < 1_000; i++) a.transport.sendPacket({ address: b.address, port: b.port }, text("x"));
    network.run(1);
    expect(received.length).toBeGreaterThan(650);
    expect(received.length).toBeLessThan(750);
  });

  test("a cut is one way, a partition both, and heal ends both", () => {
    const { network, a, b, received } = twoHosts();
    const exchange = () => {
      received.length = 0;
      a.transport.sendPacket(b.transport.bound, text("1"));
      b.transport.sendPacket(a.transport.bound, text("2"));
      network.run(1);
      return received.map((line) => line.slice(0, 4));
    };
    expect(exchange()).toEqual(["b<-1", "a<-2"]);
    network.cut([a], [b]);
    expect(exchange()).toEqual(["a<-2"]);
    network.heal();
    network.partition([a], [b]);
    expect(exchange()).toEqual([]);
    network.heal();
    expect(exchange()).toEqual(["b<-1", "a<-2"]);
  });

  test("a stream to a crashed process is refused, to a partitioned or unknown address it times out", () => {
    const { network, a, b, received } = twoHosts();
    network.partition([a], [b]);
    open(a, b, received);
    network.run(1_000);
    expect(received).toEqual(["a: closed timeout"]);
    network.heal();
    network.crash(b);
    open(a, b, received);
    network.run(2);
    expect(received.slice(1)).toEqual(["a: closed refused"]);
    a.transport.openStream({ address: "10.9.9.9", port: 1 }, 50, {
      opened: () => received.push("opened"),
      received: () => undefined,
      ended: () => undefined,
      closed: (failure) => received.push(`nobody: ${failure?.kind}`),
    });
    network.run(51);
    expect(received.slice(2)).toEqual(["nobody: timeout"]);
  });

  test("a cut delays the bytes of an open stream and loses none", () => {
    const { network, a, b, received } = twoHosts();
    const stream = open(a, b, received);
    network.run(1);
    network.cut([a], [b]);
    stream.write(text("late"));
    network.run(10_000);
    expect(received).toEqual(["a: opened"]);
    expect(stream.pendingBytes).toBe(4);
    network.heal();
    network.run(1_000);
    expect(received).toEqual(["a: opened", "b<-late"]);
  });

  test("a crash stops timers, ends streams without what was not sent, and frees the port", () => {
    const { network, a, b, received } = twoHosts();
    const stream = open(b, a, received);
    network.run(2);
    b.timers.after(1, () => received.push("a dead host's timer"));
    stream.write(text("unsent"));
    network.crash(b);
    b.timers.after(1, () => received.push("a dead host's timer"));
    b.transport.sendPacket(a.transport.bound, text("from the dead"));
    network.run(10);
    expect(received).toEqual(["b: opened", "a: ended", "a: closed well"]);
    const successor = network.createHost({ address: b.address, name: "b2" });
    listen(successor, received);
    a.transport.sendPacket(successor.transport.bound, text("hi"));
    network.run(1);
    expect(received.at(-1)).toMatch(/^b2<-hi/);
  });

  test("names resolve to what was set, and unknown ones to an error", () => {
    const { network, a } = twoHosts();
    network.setName("web.example", ["10.0.0.2", "::2"]);
    const answers: unknown[] = [];
    a.resolver.resolve("web.example", (answer) => answers.push(answer));
    a.resolver.resolve("other.example", (answer) => answers.push(answer));
    expect(answers).toEqual([]);
    network.run(1);
    expect(answers).toEqual([{ addresses: ["10.0.0.2", "::2"] }, { error: "lookup other.example: no such host" }]);
    network.setService("_serf._tcp.example", [{ address: "10.0.0.2", port: 7000 }]);
    a.resolver.resolveService("_serf._tcp.example", (answer) => answers.push(answer));
    a.resolver.resolveService("_web._tcp.example", (answer) => answers.push(answer));
    network.run(1);
    expect(answers.slice(2)).toEqual([
      { endpoints: [{ address: "10.0.0.2", port: 7000 }] },
      { error: "lookup _web._tcp.example: no such service" },
    ]);
  });

  test("runUntil stops at the instant at which the condition came true, or at its limit", () => {
    const { network, a } = twoHosts();
    let ticks = 0;
    const tick = () => {
      ticks++;
      a.timers.after(10, tick);
    };
    a.timers.after(10, tick);
    expect(network.runUntil(() => ticks === 3, 1_000)).toBe(true);
    expect(network.nowMs).toBe(30);
    expect(network.runUntil(() => ticks === 100, 50)).toBe(false);
    expect(network.nowMs).toBe(80);
  });

  test("the same seed gives the same run, another seed another", () => {
    const run = (seed: number) => {
      const { network, a, b, received } = twoHosts(seed);
      network.setLoss(0.5);
      const chatter = (from: SimulatedHost, to: SimulatedHost) => {
        from.transport.sendPacket(to.transport.bound, text(`${from.random.below(1_000)}`));
        from.timers.after(from.random.fraction() * 10, () => chatter(from, to));
      };
      chatter(a, b);
      chatter(b, a);
      network.run(500);
      return received;
    };
    expect(run(5)).toEqual(run(5));
    expect(run(5)).not.toEqual(run(6));
    expect(run(5).length).toBeGreaterThan(50);
  });

  test("the log keeps the newest lines and metrics add up", () => {
    const network = new SimulatedNetwork({ seed: 1, logLinesMax: 2 });
    const host = network.createHost({ address: "10.0.0.1" });
    for (const message of ["one", "two", "three"]) host.logger.log("INFO", message);
    expect(host.logger.lines.map((line) => line.message)).toEqual(["two", "three"]);
    host.metrics.increment("packets");
    host.metrics.increment("packets", 2);
    host.metrics.sample("size", 5);
    host.metrics.sample("size", 3);
    expect(host.metrics.counters.get("packets")).toBe(3);
    expect(host.metrics.samples.get("size")).toEqual({ count: 2, sum: 8, max: 5 });
  });
});
