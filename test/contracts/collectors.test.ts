/** Measurements on their way to a statsd and a statsite, over real sockets. */

import { createSocket } from "node:dgram";
import { once } from "node:events";
import { type AddressInfo, createServer, type Server, type Socket } from "node:net";
import { afterEach, describe, expect, test } from "vitest";
import { StatsLines } from "../../src/agent/stats-lines.ts";
import { StatsdSink } from "../../src/agent/statsd-sink.ts";
import { StatsiteSink } from "../../src/agent/statsite-sink.ts";
import { startTelemetry } from "../../src/agent/telemetry.ts";
import { createLogger, silentLogger } from "../../src/host/loggers.ts";
import { loopback } from "../support/loopback.ts";

const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startStatsd(): Promise<{ address: string; packets: Buffer[] }> {
  const socket = createSocket("udp4");
  const packets: Buffer[] = [];
  socket.on("message", (packet) => packets.push(packet));
  socket.bind(0, loopback);
  await once(socket, "listening");
  closers.push(() => socket.close());
  return { address: `${loopback}:${socket.address().port}`, packets };
}

class Statsite {
  readonly sockets: Socket[] = [];
  text = "";
  private readonly server: Server;

  private constructor(port: number) {
    this.server = createServer((socket) => {
      this.sockets.push(socket);
      socket.setEncoding("utf8").on("data", (text) => {
        this.text += text;
      });
      socket.on("error", () => undefined);
    }).listen(port, loopback);
  }

  static async start(port = 0): Promise<Statsite> {
    const statsite = new Statsite(port);
    await once(statsite.server, "listening");
    closers.push(() => statsite.stop());
    return statsite;
  }

  get port(): number {
    return (this.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    if (this.server.listening) await new Promise((resolve) => this.server.close(resolve));
  }
}

function recordingLogger() {
  const lines: string[] = [];
  return { lines, logger: createLogger("TRACE", (level, message) => lines.push(`[${level}] ${message}`)) };
}

/** Each throws until what it says is the case. */
const soon = { timeout: 10_000, interval: 10 };

describe("a statsd", () => {
  test("is sent counters, gauges and samples as lines, many in a packet", async () => {
    const { address, packets } = await startStatsd();
    const sink = new StatsdSink(address, silentLogger);
    closers.push(() => sink.close());
    const lines = new StatsLines(sink);
    lines.increment("a.b", 2);
    lines.gauge("health", 0.5);
    lines.sample("probe", 1.25);
    await expect
      .poll(() => packets.map(String), soon)
      .toEqual(["a.b:2.000000|c\nhealth:0.500000|g\nprobe:1.250000|ms\n"]);
  });

  test("gets whole lines in packets of 1,400 bytes at most, and the last of them when the agent closes", async () => {
    const { address, packets } = await startStatsd();
    const sink = new StatsdSink(address, silentLogger);
    const lines = new StatsLines(sink);
    const expected = Array.from({ length: 200 }, (_, i) => `counter.number.${i}:1.000000|c\n`);
    for (let i = 0; i < expected.length; i++) lines.increment(`counter.number.${i}`);
    await sink.close();
    await expect.poll(() => packets.map(String).join(""), soon).toBe(expected.join(""));
    expect(packets.length).toBeGreaterThan(3);
    for (const packet of packets) {
      expect(packet.length).toBeLessThanOrEqual(1_400);
      expect(String(packet)).toMatch(/\n$/);
    }
  });

  test("that cannot be found is told of once, and harms nobody", async () => {
    const { lines, logger } = recordingLogger();
    const sink = new StatsdSink("no-such-host.invalid:8125", logger);
    closers.push(() => sink.close());
    sink.push("a:1|c\n");
    await expect.poll(() => lines, soon).toHaveLength(1);
    sink.push("a:1|c\n");
    expect(lines[0]).toMatch(/^\[ERR\] agent: Error writing to statsd! Err: /);
  });

  test.each(["nonsense", "host:0", "host:99999", "a:b:c"])("at %j is refused with the option's name", (address) => {
    expect(() => new StatsdSink(address, silentLogger)).toThrow(/^statsd_addr: /);
  });
});

describe("a statsite", () => {
  test("is sent lines over one connection, and the last ones when the agent closes", async () => {
    const statsite = await Statsite.start();
    const sink = new StatsiteSink(`${loopback}:${statsite.port}`, silentLogger);
    sink.push("early:1.000000|c\n");
    await expect.poll(() => statsite.text, soon).toBe("early:1.000000|c\n");
    sink.push("late:1.000000|c\n");
    await sink.close();
    await expect.poll(() => statsite.text, soon).toBe("early:1.000000|c\nlate:1.000000|c\n");
    expect(statsite.sockets).toHaveLength(1);
  });

  test("that comes back is connected to again, and hears nothing of the time between", async () => {
    const first = await Statsite.start();
    const { port } = first;
    const { lines, logger } = recordingLogger();
    const sink = new StatsiteSink(`${loopback}:${port}`, logger);
    closers.push(() => sink.close());
    sink.push("before:1|c\n");
    await expect.poll(() => first.text, soon).toBe("before:1|c\n");
    await first.stop();
    await expect.poll(() => lines, soon).toHaveLength(1);
    expect(lines[0]).toMatch(/^\[ERR\] agent: Error connecting to statsite! Err: /);
    sink.push("between:1|c\n");
    const second = await Statsite.start(port);
    await expect.poll(() => second.sockets, soon).toHaveLength(1);
    await expect
      .poll(() => {
        sink.push("after:1|c\n");
        return second.text;
      }, soon)
      .toMatch(/^(after:1\|c\n)+$/);
  });

  test("that does not read costs bounded memory and one warning", async () => {
    const statsite = await Statsite.start();
    const { lines, logger } = recordingLogger();
    const sink = new StatsiteSink(`${loopback}:${statsite.port}`, logger);
    closers.push(() => sink.close());
    await expect.poll(() => statsite.sockets, soon).toHaveLength(1);
    statsite.sockets[0]!.pause();
    const line = `${"x".repeat(1_000)}:1|c\n`;
    const warned = () => {
      for (let i = 0; i < 1_000; i++) sink.push(line);
      return lines;
    };
    await expect.poll(warned, soon).toEqual(["[WARN] agent: statsite does not keep up, measurements are dropped"]);
  });

  test("whose address is none is refused with the option's name", () => {
    expect(() => new StatsiteSink("nonsense", silentLogger)).toThrow(
      "statsite_addr: address nonsense: missing port in address",
    );
  });
});

describe("telemetry", () => {
  test("names all after the service, and gauges after the host too, where somebody collects them (detail 27)", async () => {
    const { address, packets } = await startStatsd();
    const telemetry = startTelemetry({ statsdAddress: address, statsiteAddress: "" }, silentLogger);
    telemetry.metrics.increment("serf.events.a b:c|d\ne");
    telemetry.metrics.gauge("memberlist.health.score", 3);
    telemetry.metrics.sample("memberlist.gossip", 0.25);
    await telemetry.close();
    await expect
      .poll(() => packets.map(String).join(""), soon)
      .toMatch(
        /^serf-agent\.serf\.events\.a_b_c_d_e:1\.000000\|c\nserf-agent\.[^\n]+\.memberlist\.health\.score:3\.000000\|g\nserf-agent\.memberlist\.gossip:0\.250000\|ms\n/,
      );
  });
});
