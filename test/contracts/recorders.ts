import type { Endpoint } from "../../src/base/address.ts";
import type { Stream, StreamHandler, TransportFailure, TransportReceiver } from "../../src/base/host.ts";

/** Remembers all that a stream told, as words in order; bytes apart, since where they are split says nothing. */
export class StreamLog implements StreamHandler {
  stream: Stream | undefined;
  readonly events: string[] = [];
  onReceived: (bytes: Uint8Array) => void = () => undefined;
  onEnded: () => void = () => undefined;
  longestChunk = 0;
  private readonly chunks: Uint8Array[] = [];

  get bytes(): Uint8Array {
    return new Uint8Array(Buffer.concat(this.chunks));
  }

  get isClosed(): boolean {
    return this.events.at(-1)?.startsWith("closed") ?? false;
  }

  opened(): void {
    this.events.push("opened");
  }

  received(bytes: Uint8Array): void {
    if (this.events.includes("ended") || this.isClosed) this.events.push("received too late");
    this.chunks.push(bytes);
    this.longestChunk = Math.max(this.longestChunk, bytes.length);
    this.onReceived(bytes);
  }

  ended(): void {
    this.events.push("ended");
    this.onEnded();
  }

  closed(failure?: TransportFailure): void {
    this.events.push(failure === undefined ? "closed" : `closed: ${failure.kind}`);
  }
}

/** Remembers packets and failures, and gives every stream that it accepts a log. */
export class Listener implements TransportReceiver {
  readonly packets: { from: Endpoint; packet: Uint8Array; atMs: number }[] = [];
  readonly failures: { to: Endpoint; failure: TransportFailure }[] = [];
  readonly accepted: StreamLog[] = [];
  onAccept: (log: StreamLog) => void = () => undefined;

  receivePacket(from: Endpoint, packet: Uint8Array, atMs: number): void {
    this.packets.push({ from, packet, atMs });
  }

  acceptStream(stream: Stream): StreamHandler {
    const log = new StreamLog();
    log.stream = stream;
    this.accepted.push(log);
    this.onAccept(log);
    return log;
  }

  packetFailed(to: Endpoint, failure: TransportFailure): void {
    this.failures.push({ to, failure });
  }
}

/** Bytes whose every position is told apart from its neighbours, also across chunk borders. */
export function bytesOfLength(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i++) bytes[i] = (i * 31 + (i >>> 8)) & 255;
  return bytes;
}
