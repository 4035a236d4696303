/** Sockets of a name server: UDP and TCP at one address, both or neither. */

import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, isIPv6, type Server, type Socket } from "node:net";
import { type Endpoint, formatEndpoint } from "../../base/address.ts";
import { SerfError } from "../../base/errors.ts";
import type { PluginScheduler } from "../plugin.ts";
import { requestBytesMax } from "./request.ts";

/** A message and where its answer goes. `reply` is called once; with undefined there is none. */
export interface Incoming {
  readonly bytes: Uint8Array;
  /** IP literal. */
  readonly address: string;
  readonly isUdp: boolean;
  readonly reply: (bytes: Uint8Array | undefined) => void;
}

export interface ListenerOptions {
  readonly receive: (incoming: Incoming) => void;
  readonly fail: (error: unknown) => void;
  readonly scheduler: PluginScheduler;
  /** Connections of TCP open at a time at this address. */
  readonly connectionsMax: number;
  /** A connection that brings no whole message for so long is closed. */
  readonly idleMs: number;
}

/** Questions of one connection that wait for an answer; beyond, nothing is read until there is one. */
const waitingMax = 16;

/** Resolves when both sockets listen. Rejects with ADDRESS_IN_USE and the like. */
export async function listenAt(endpoint: Endpoint, options: ListenerOptions): Promise<{ close(): Promise<void> }> {
  const tcp = new TcpListener(options);
  await tcp.listen(endpoint);
  try {
    const udp = await listenUdp(endpoint, options);
    return {
      close: async () => {
        await Promise.all([closeUdp(udp), tcp.close()]);
      },
    };
  } catch (error) {
    await tcp.close();
    throw error;
  }
}

function listenUdp(endpoint: Endpoint, { receive, fail }: ListenerOptions): Promise<UdpSocket> {
  const isV6 = isIPv6(endpoint.address);
  const socket = createSocket({ type: isV6 ? "udp6" : "udp4", ipv6Only: isV6 });
  socket.on("message", (bytes, { address, port }) => {
    const reply = (answer: Uint8Array | undefined): void => {
      // Where it cannot be sent, nobody waits for it who could be told.
      if (answer !== undefined) trySend(() => socket.send(answer, port, address, () => undefined));
    };
    receive({ bytes, address, isUdp: true, reply });
  });
  return new Promise((resolve, reject) => {
    const refuse = (error: Error): void => {
      socket.close();
      reject(listenFailure(endpoint, error));
    };
    socket.once("error", refuse);
    socket.bind(endpoint.port, endpoint.address, () => {
      socket.off("error", refuse).on("error", fail);
      resolve(socket);
    });
  });
}

/** An answer that comes late finds the socket closed, and one to port 0 was never wanted. */
function trySend(send: () => void): void {
  try {
    send();
  } catch {}
}

function closeUdp(socket: UdpSocket): Promise<void> {
  return new Promise((resolve) => socket.close(() => resolve()));
}

class TcpListener {
  private readonly options: ListenerOptions;
  private readonly server: Server;
  private readonly sockets = new Set<Socket>();

  constructor(options: ListenerOptions) {
    this.options = options;
    // Who closes its side after the last question still wants the answers.
    this.server = createServer({ allowHalfOpen: true }, (socket) => this.accept(socket));
  }

  listen(endpoint: Endpoint): Promise<void> {
    return new Promise((resolve, reject) => {
      const refuse = (error: Error): void => reject(listenFailure(endpoint, error));
      this.server.once("error", refuse);
      this.server.listen({ port: endpoint.port, host: endpoint.address, ipv6Only: isIPv6(endpoint.address) }, () => {
        this.server.off("error", refuse).on("error", this.options.fail);
        resolve();
      });
    });
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }

  private accept(socket: Socket): void {
    if (this.sockets.size >= this.options.connectionsMax) {
      // The oldest makes room: whoever holds on to all of them would else keep everybody out.
      const [oldest] = this.sockets;
      oldest?.destroy();
    }
    this.sockets.add(socket);
    socket.once("close", () => this.sockets.delete(socket));
    new Connection(socket, this.options);
  }
}

/** One connection: messages with their length before them (RFC 7766), any number of them, answered in any order. */
class Connection {
  private readonly socket: Socket;
  private readonly options: ListenerOptions;
  private readonly address: string;
  private pending: Buffer = Buffer.alloc(0);
  private waiting = 0;
  private hasEnded = false;
  private cancelIdle = (): void => undefined;

  constructor(socket: Socket, options: ListenerOptions) {
    this.socket = socket;
    this.options = options;
    this.address = socket.remoteAddress ?? "";
    socket.setNoDelay(true);
    socket.on("data", (bytes) => this.takeBytes(bytes));
    socket.on("drain", () => this.takeMessages());
    socket.on("end", () => this.finish());
    // Whoever breaks off a connection does not want its answers.
    socket.on("error", () => socket.destroy());
    socket.once("close", () => this.cancelIdle());
    this.beginIdle();
  }

  private takeBytes(bytes: Buffer): void {
    this.pending = this.pending.length === 0 ? bytes : Buffer.concat([this.pending, bytes]);
    this.takeMessages();
  }

  private takeMessages(): void {
    while (!this.isFull()) {
      if (this.pending.length < 2) break;
      const end = 2 + this.pending.readUInt16BE(0);
      if (end > 2 + requestBytesMax) {
        this.socket.destroy();
        return;
      }
      if (this.pending.length < end) break;
      const message = this.pending.subarray(2, end);
      this.pending = this.pending.subarray(end);
      this.receive(message);
    }
    if (this.isFull()) this.socket.pause();
    else this.socket.resume();
    this.finish();
  }

  private isFull(): boolean {
    return this.waiting >= waitingMax || this.socket.writableNeedDrain || this.socket.destroyed;
  }

  private receive(bytes: Uint8Array): void {
    this.waiting += 1;
    // Only whole messages count: one byte now and then keeps no connection open.
    this.beginIdle();
    const reply = (answer: Uint8Array | undefined): void => {
      const wasFull = this.isFull();
      this.waiting -= 1;
      if (this.socket.destroyed) return;
      if (answer === undefined) this.socket.destroy();
      else this.socket.write(frame(answer));
      if (wasFull) this.takeMessages();
      else this.finish();
    };
    this.options.receive({ bytes, address: this.address, isUdp: false, reply });
  }

  /** Closes our side when the other has closed its own and has all its answers. */
  private finish(): void {
    this.hasEnded ||= this.socket.readableEnded;
    if (this.hasEnded && this.waiting === 0) this.socket.end();
  }

  private beginIdle(): void {
    this.cancelIdle();
    this.cancelIdle = this.options.scheduler.after(this.options.idleMs, () => {
      this.socket.destroy();
    });
  }
}

/** A message with its length before it. */
export function frame(message: Uint8Array): Uint8Array {
  return Buffer.concat([Uint8Array.of(message.length >> 8, message.length & 255), message]);
}

function listenFailure(endpoint: Endpoint, error: NodeJS.ErrnoException): SerfError {
  const where = formatEndpoint(endpoint);
  switch (error.code) {
    case "EADDRINUSE":
      return new SerfError("ADDRESS_IN_USE", `${where} is in use; stop what listens there, or set another "listen"`);
    case "EADDRNOTAVAIL":
      return new SerfError("ADDRESS_NOT_AVAILABLE", `${where}: this machine has no such address`);
    case "EACCES":
      return new SerfError(
        "ADDRESS_NOT_PERMITTED",
        `${where} may not be bound; ports below 1024 need root or CAP_NET_BIND_SERVICE`,
      );
    default:
      return new SerfError("LISTEN_FAILED", `${where}: ${error.message}`);
  }
}
