import type { Socket } from "node:net";
import type { Endpoint } from "../base/address.ts";
import { viewBytes } from "../base/bytes.ts";
import type { Stream, StreamHandler, TransportFailure } from "../base/host.ts";
import { toTransportFailure } from "./transport-failure.ts";

/** Of an idle stream, whose silence after that is asked about. Gateways forget connections that are silent for some minutes. */
const keepAliveMs = 60_000;

/** A TCP connection. It adds itself to `siblings`, the open streams of its transport, and leaves them when it is gone. */
export class SocketStream implements Stream {
  readonly remote: Endpoint;
  private readonly socket: Socket;
  private readonly siblings: Set<SocketStream>;
  private handler: StreamHandler | undefined;
  private connectTimeout: NodeJS.Timeout | undefined;
  private failure: TransportFailure | undefined;
  private gone = false;

  constructor(socket: Socket, remote: Endpoint, siblings: Set<SocketStream>) {
    this.socket = socket;
    this.remote = remote;
    this.siblings = siblings;
    siblings.add(this);
    socket.on("error", (error) => {
      this.failure ??= toTransportFailure(error);
    });
    socket.on("close", () => {
      const { handler } = this;
      this.vanish();
      handler?.closed(this.failure);
    });
  }

  /** Starts delivery. Without it, or after `destroy`, nobody hears of the stream. */
  handle(handler: StreamHandler): void {
    if (this.gone) return;
    this.handler = handler;
    this.socket.on("data", (bytes) => this.handler?.received(viewBytes(bytes, 0, bytes.length)));
    this.socket.on("end", () => this.handler?.ended());
  }

  /** For a stream that is being opened: tells when it is, or gives up. */
  awaitConnection(timeoutMs: number, detail: string): void {
    this.connectTimeout = setTimeout(() => {
      this.failure = { kind: "timeout", detail };
      this.socket.destroy();
    }, Math.ceil(timeoutMs));
    this.socket.on("connect", () => {
      clearTimeout(this.connectTimeout);
      this.handler?.opened();
    });
  }

  get pendingBytes(): number {
    return this.gone ? 0 : this.socket.writableLength;
  }

  write(bytes: Uint8Array): void {
    if (this.socket.writable && bytes.length > 0) this.socket.write(bytes);
  }

  end(): void {
    if (this.socket.writable) this.socket.end();
  }

  stayIdle(): void {
    this.socket.unref();
    this.socket.setKeepAlive(true, keepAliveMs);
  }

  destroy(): void {
    this.vanish();
    this.socket.destroy();
  }

  private vanish(): void {
    this.gone = true;
    this.handler = undefined;
    this.siblings.delete(this);
    clearTimeout(this.connectTimeout);
  }
}
