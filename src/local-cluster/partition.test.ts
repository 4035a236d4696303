import { expect, test } from "vitest";
import type { Endpoint } from "../base/address.ts";
import type { Stream, StreamHandler, Transport, TransportFailure } from "../base/host.ts";
import { CutTransport, Partition } from "./partition.ts";

const [a, b, c] = [7946, 7947, 7948].map((port) => ({ address: "127.0.0.1", port })) as [Endpoint, Endpoint, Endpoint];

/** Notes what got through to the sockets. */
class NotedTransport implements Transport {
  readonly bound = a;
  readonly passed: string[] = [];
  listen(): void {}
  close(): void {}

  sendPacket({ port }: Endpoint): void {
    this.passed.push(`packet to ${port}`);
  }

  openStream(remote: Endpoint, _timeoutMs: number, _handler: StreamHandler): Stream {
    this.passed.push(`stream to ${remote.port}`);
    return {
      remote,
      pendingBytes: 0,
      write: () => undefined,
      stayIdle: () => undefined,
      end: () => undefined,
      destroy: () => undefined,
    };
  }
}

function handlerOf(closed: (failure?: TransportFailure) => void): StreamHandler {
  return { opened: () => undefined, received: () => undefined, ended: () => undefined, closed };
}

test("a partition loses packets and streams that would cross it, and only those, until it is healed", async () => {
  const [inner, partition] = [new NotedTransport(), new Partition()];
  const transport = new CutTransport(inner, partition);
  partition.cut([[a, b], [c]]);
  for (const to of [b, c]) transport.sendPacket(to, Uint8Array.of(1));
  transport.openStream(
    b,
    1,
    handlerOf(() => undefined),
  );
  const failure = await new Promise((resolve) => transport.openStream(c, 1, handlerOf(resolve)));
  expect(failure).toEqual({ kind: "timeout", detail: "dial tcp 127.0.0.1:7948: i/o timeout" });
  expect(inner.passed).toEqual(["packet to 7947", "stream to 7947"]);
  partition.heal();
  transport.sendPacket(c, Uint8Array.of(1));
  expect(inner.passed).toContain("packet to 7948");
});

test("a stream that is given up says nothing more", async () => {
  const partition = new Partition();
  partition.cut([[a], [c]]);
  const told: unknown[] = [];
  const transport = new CutTransport(new NotedTransport(), partition);
  transport
    .openStream(
      c,
      1,
      handlerOf((failure) => told.push(failure)),
    )
    .destroy();
  await new Promise((resolve) => transport.openStream(c, 5, handlerOf(resolve)));
  expect(told).toEqual([]);
});
