import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { dialTimeoutText } from "../base/dial-failure.ts";
import type { Stream, StreamHandler, Transport, TransportReceiver } from "../base/host.ts";

/** Which nodes of one process hear each other: all, or those on the same side only. */
export class Partition {
  /** By address and port, while there is a partition; who is not listed is on side 0. */
  private sides: ReadonlyMap<string, number> = new Map();

  get isWhole(): boolean {
    return this.sides.size === 0;
  }

  /** From now on only nodes of one group hear each other. */
  cut(groups: readonly (readonly Endpoint[])[]): void {
    this.sides = new Map(
      groups.flatMap((group, side) => group.map((member) => [formatEndpoint(member), side] as const)),
    );
  }

  heal(): void {
    this.sides = new Map();
  }

  parts(one: Endpoint, other: Endpoint): boolean {
    return !this.isWhole && this.sideOf(one) !== this.sideOf(other);
  }

  private sideOf(endpoint: Endpoint): number {
    return this.sides.get(formatEndpoint(endpoint)) ?? 0;
  }
}

/**
 * Real sockets behind a partition: what would cross it is lost, as in a network that says nothing. It is enough to look at what
 * leaves, since every node has one of these; streams that are open already live on for the moment that they take.
 */
export class CutTransport implements Transport {
  private readonly inner: Transport;
  private readonly partition: Partition;

  constructor(inner: Transport, partition: Partition) {
    this.inner = inner;
    this.partition = partition;
  }

  get bound(): Endpoint {
    return this.inner.bound;
  }

  listen(receiver: TransportReceiver): void {
    this.inner.listen(receiver);
  }

  sendPacket(to: Endpoint, packet: Uint8Array): void {
    if (!this.partition.parts(this.bound, to)) this.inner.sendPacket(to, packet);
  }

  openStream(to: Endpoint, timeoutMs: number, handler: StreamHandler): Stream {
    return this.partition.parts(this.bound, to)
      ? new LostStream(to, timeoutMs, handler)
      : this.inner.openStream(to, timeoutMs, handler);
  }

  close(): void {
    this.inner.close();
  }
}

/** A stream that never opens. */
class LostStream implements Stream {
  readonly remote: Endpoint;
  readonly pendingBytes = 0;
  private readonly timer: NodeJS.Timeout;

  constructor(remote: Endpoint, timeoutMs: number, handler: StreamHandler) {
    this.remote = remote;
    const detail = dialTimeoutText(formatEndpoint(remote));
    this.timer = setTimeout(() => handler.closed({ kind: "timeout", detail }), timeoutMs).unref();
  }

  write(): void {}

  stayIdle(): void {}

  end(): void {}

  destroy(): void {
    clearTimeout(this.timer);
  }
}
