/** What every transport must do, whichever network is behind it. The worlds that it runs in are in transport.test.ts. */

import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Endpoint } from "../../src/base/address.ts";
import type { Transport } from "../../src/base/host.ts";
import { bytesOfLength, Listener, StreamLog } from "./recorders.ts";

/** Two transports that reach each other, and the passing of time around them. */
export interface TransportWorld {
  readonly a: Transport;
  readonly b: Transport;
  /** At a machine that is up; nobody listens there. */
  readonly nobody: Endpoint;
  /** A place where packets and attempts to connect vanish, or a text why this world has none. */
  blackHole(): Promise<Endpoint | string>;
  /** Lets the world go on until the condition holds; throws after some seconds. */
  until(condition: () => boolean): Promise<void>;
  /** Lets everything arrive that is under way. */
  settle(): Promise<void>;
  close(): Promise<void>;
}

const streamBytes = 5 * 1024 * 1024;

export function describeTransport(name: string, createWorld: () => Promise<TransportWorld>): void {
  describe(`transport contract: ${name}`, () => {
    let world: TransportWorld;
    let a: Listener;
    let b: Listener;

    beforeEach(async () => {
      world = await createWorld();
      a = new Listener();
      b = new Listener();
      world.a.listen(a);
      world.b.listen(b);
    });

    afterEach(() => world.close());

    /** Opens a stream from a to b and waits until both sides have it. */
    async function connected() {
      const near = new StreamLog();
      near.stream = world.a.openStream(world.b.bound, 5_000, near);
      await world.until(() => near.events.includes("opened") && b.accepted.length === 1);
      return { near, far: b.accepted[0]! };
    }

    describe("packets", () => {
      test.each([1, 1_400, 65_507])("a packet of %i bytes arrives intact, with its sender and time", async (length) => {
        const packet = bytesOfLength(length);
        world.a.sendPacket(world.b.bound, packet.slice());
        expect(b.packets).toEqual([]);
        await world.until(() => b.packets.length === 1);
        expect(b.packets[0]!.packet).toEqual(packet);
        expect(b.packets[0]!.from).toEqual(world.a.bound);
        expect(b.packets[0]!.atMs).toBeGreaterThan(0);
      });

      test("the receiver gets plain bytes that are its own", async () => {
        const sent = bytesOfLength(100);
        world.a.sendPacket(world.b.bound, sent);
        await world.until(() => b.packets.length === 1);
        const { packet } = b.packets[0]!;
        expect(Object.getPrototypeOf(packet)).toBe(Uint8Array.prototype);
        packet.fill(0);
        expect(sent).toEqual(bytesOfLength(100));
      });

      test("packets go both ways and to oneself", async () => {
        world.a.sendPacket(world.b.bound, bytesOfLength(10));
        world.b.sendPacket(world.a.bound, bytesOfLength(20));
        world.a.sendPacket(world.a.bound, bytesOfLength(30));
        await world.until(() => a.packets.length === 2 && b.packets.length === 1);
        expect(a.packets.map(({ packet }) => packet.length).toSorted()).toEqual([20, 30]);
      });

      test.each([
        ["too large", 65_508, undefined],
        ["for port 0", 10, 0],
      ])("a packet that is %s is reported later, and the next one passes", async (_why, length, port) => {
        const to = { address: world.b.bound.address, port: port ?? world.b.bound.port };
        // IPv6 carries 20 bytes more than IPv4.
        world.a.sendPacket(to, bytesOfLength(length + 20));
        expect(a.failures).toEqual([]);
        await world.until(() => a.failures.length === 1);
        expect(a.failures[0]).toMatchObject({ to, failure: { kind: "unreachable" } });
        world.a.sendPacket(world.b.bound, bytesOfLength(1));
        await world.until(() => b.packets.length === 1);
      });

      test("a packet to nobody disturbs nobody", async () => {
        world.a.sendPacket(world.nobody, bytesOfLength(10));
        await world.settle();
        world.a.sendPacket(world.b.bound, bytesOfLength(1));
        await world.until(() => b.packets.length === 1);
      });
    });

    describe("streams", () => {
      test("carry bytes both ways, in order, and know who is at the other end", async () => {
        const near = new StreamLog();
        near.stream = world.a.openStream(world.b.bound, 5_000, near);
        // Written before it is open: it waits.
        near.stream.write(bytesOfLength(1_000));
        for (let i = 0; i < 50; i++) near.stream.write(Uint8Array.of(i));
        expect(near.events).toEqual([]);
        await world.until(() => b.accepted[0]?.bytes.length === 1_050);
        const far = b.accepted[0]!;
        expect(far.bytes).toEqual(
          Uint8Array.from([...bytesOfLength(1_000), ...Array.from({ length: 50 }, (_, i) => i)]),
        );
        expect(near.stream.remote).toEqual(world.b.bound);
        expect(far.stream!.remote.address).toBe(world.a.bound.address);
        expect(far.stream!.remote.port).not.toBe(0);
        far.stream!.write(bytesOfLength(2_000));
        await world.until(() => near.bytes.length === 2_000);
        expect(near.bytes).toEqual(bytesOfLength(2_000));
        expect(near.events).toEqual(["opened"]);
        expect(far.events).toEqual([]);
      });

      test("the side that listens may speak first", async () => {
        b.onAccept = ({ stream }) => stream!.write(bytesOfLength(10));
        const { near } = await connected();
        await world.until(() => near.bytes.length === 10);
      });

      test("close halves apart: what one side has ended, the other may still answer", async () => {
        const { near, far } = await connected();
        near.stream!.write(bytesOfLength(10));
        near.stream!.end();
        await world.until(() => far.events.includes("ended"));
        expect(far.bytes.length).toBe(10);
        expect(near.events).toEqual(["opened"]);
        far.stream!.write(bytesOfLength(20));
        far.stream!.end();
        await world.until(() => near.isClosed && far.isClosed);
        expect(near.bytes.length).toBe(20);
        expect(near.events).toEqual(["opened", "ended", "closed"]);
        expect(far.events).toEqual(["ended", "closed"]);
      });

      test("writing after the end, or a second end, does nothing", async () => {
        const { near, far } = await connected();
        near.stream!.write(bytesOfLength(10));
        near.stream!.end();
        near.stream!.write(bytesOfLength(10));
        near.stream!.end();
        far.stream!.end();
        await world.until(() => near.isClosed && far.isClosed);
        near.stream!.write(bytesOfLength(10));
        near.stream!.end();
        near.stream!.destroy();
        await world.settle();
        expect(far.bytes.length).toBe(10);
        expect(near.events).toEqual(["opened", "ended", "closed"]);
        expect(near.stream!.pendingBytes).toBe(0);
      });

      test("a large write is pending until it has left, and arrives whole", async () => {
        const { near, far } = await connected();
        near.stream!.write(bytesOfLength(streamBytes));
        near.stream!.end();
        expect(near.stream!.pendingBytes).toBeGreaterThan(streamBytes / 10);
        await world.until(() => far.events.includes("ended"));
        expect(near.stream!.pendingBytes).toBe(0);
        expect(far.bytes.length).toBe(streamBytes);
        expect(Buffer.compare(far.bytes, bytesOfLength(streamBytes))).toBe(0);
        expect(far.longestChunk).toBeLessThanOrEqual(65_536);
      });

      test("many at once do not mix", async () => {
        b.onAccept = (far) => {
          far.onReceived = (bytes) => far.stream!.write(bytes);
          far.onEnded = () => far.stream!.end();
        };
        const logs = Array.from({ length: 50 }, () => new StreamLog());
        for (const [i, log] of logs.entries()) {
          log.stream = world.a.openStream(world.b.bound, 5_000, log);
          log.stream.write(new Uint8Array(1_000 + i).fill(i));
          log.stream.end();
        }
        await world.until(() => logs.every((log) => log.isClosed));
        for (const [i, log] of logs.entries()) expect(log.bytes).toEqual(new Uint8Array(1_000 + i).fill(i));
      });
    });

    test("an idle stream carries what comes nevertheless, and tells of its end", async () => {
      const { near, far } = await connected();
      near.stream!.stayIdle();
      far.stream!.stayIdle();
      near.stream!.write(bytesOfLength(10));
      await world.until(() => far.bytes.length === 10);
      far.stream!.destroy();
      await world.until(() => near.events.includes("ended"));
    });

    describe("streams that end badly", () => {
      test("destroy silences this side; the other sees an early end and a reset once it writes", async () => {
        const { near, far } = await connected();
        near.stream!.destroy();
        near.stream!.write(bytesOfLength(10));
        expect(near.stream!.pendingBytes).toBe(0);
        await world.until(() => far.events.includes("ended"));
        far.stream!.write(bytesOfLength(10));
        await world.settle();
        far.stream!.write(bytesOfLength(10));
        await world.until(() => far.isClosed);
        expect(far.events).toEqual(["ended", "closed: reset"]);
        expect(near.events).toEqual(["opened"]);
      });

      test("a stream may be destroyed while it is opened, accepted, or read", async () => {
        const opening = new StreamLog();
        world.a.openStream(world.b.bound, 5_000, opening).destroy();
        b.onAccept = (far) => far.stream!.destroy();
        const early = new StreamLog();
        early.stream = world.a.openStream(world.b.bound, 5_000, early);
        await world.until(() => early.events.includes("ended"));
        early.stream.end();
        await world.until(() => early.isClosed);
        b.onAccept = (far) => {
          far.onReceived = () => far.stream!.destroy();
        };
        const reading = new StreamLog();
        reading.stream = world.a.openStream(world.b.bound, 5_000, reading);
        reading.stream.write(bytesOfLength(100));
        await world.until(() => reading.events.includes("ended"));
        reading.stream.destroy();
        await world.settle();
        expect(opening.events).toEqual([]);
        expect(b.accepted.flatMap((far) => far.events)).toEqual([]);
      });

      test("is refused, later, where nobody listens", async () => {
        const log = new StreamLog();
        log.stream = world.a.openStream(world.nobody, 5_000, log);
        log.stream.write(bytesOfLength(10));
        expect(log.events).toEqual([]);
        await world.until(() => log.isClosed);
        expect(log.events).toEqual(["closed: refused"]);
        expect(log.stream.pendingBytes).toBe(0);
      });

      test("times out where nobody answers", async ({ skip }) => {
        const blackHole = await world.blackHole();
        if (typeof blackHole === "string") return skip(blackHole);
        const log = new StreamLog();
        log.stream = world.a.openStream(blackHole, 150, log);
        await world.until(() => log.isClosed);
        expect(log.events).toEqual(["closed: timeout"]);
      });
    });

    describe("closing the transport", () => {
      test("ends every stream and silences this side", async () => {
        const { near, far } = await connected();
        const opening = new StreamLog();
        world.a.openStream(world.b.bound, 5_000, opening);
        world.a.close();
        const after = new StreamLog();
        world.a.openStream(world.b.bound, 5_000, after).write(bytesOfLength(1));
        world.a.sendPacket(world.b.bound, bytesOfLength(1));
        world.b.sendPacket(world.a.bound, bytesOfLength(1));
        near.stream!.write(bytesOfLength(1));
        world.a.close();
        await world.until(() => far.events.includes("ended"));
        far.stream!.end();
        await world.until(() => far.isClosed);
        await world.settle();
        expect([near.events, opening.events, after.events]).toEqual([["opened"], [], []]);
        expect([a.packets, b.packets, a.failures]).toEqual([[], [], []]);
      });

      test("refuses whoever comes later", async () => {
        world.b.close();
        await world.settle();
        const log = new StreamLog();
        world.a.openStream(world.b.bound, 5_000, log);
        await world.until(() => log.isClosed);
        expect(log.events).toEqual(["closed: refused"]);
      });
    });
  });
}
