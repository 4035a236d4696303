/**
 * A network between two agents that lets streams through and loses every packet: TCP is relayed, UDP is swallowed. An agent that
 * advertises the relay's port instead of its own is reached by push/pull and stream pings alone.
 */

import { createSocket, type Socket as PacketSocket } from "node:dgram";
import { connect, createServer, type Server, type Socket } from "node:net";
import { loopback } from "./loopback.ts";

export class Relay {
  readonly port: number;
  /** So that a test can tell that packets were sent this way, and lost. */
  packetsLost = 0;
  streamsRelayed = 0;
  private readonly server: Server;
  private readonly packets: PacketSocket;
  private readonly open = new Set<Socket>();

  private constructor(port: number, server: Server, packets: PacketSocket) {
    this.port = port;
    this.server = server;
    this.packets = packets;
    packets.on("message", () => {
      this.packetsLost += 1;
    });
  }

  static async start(port: number, targetPort: number): Promise<Relay> {
    const packets = createSocket("udp4");
    await new Promise<void>((resolve, reject) => {
      packets.once("error", reject).bind(port, loopback, resolve);
    });
    const server = createServer();
    await new Promise<void>((resolve, reject) => {
      server.once("error", reject).listen(port, loopback, resolve);
    });
    const relay = new Relay(port, server, packets);
    server.on("connection", (near) => relay.join(near, connect(targetPort, loopback)));
    return relay;
  }

  async close(): Promise<void> {
    for (const socket of this.open) socket.destroy();
    await new Promise<void>((resolve) => this.packets.close(() => resolve()));
    await new Promise<void>((resolve) => this.server.close(() => resolve()));
  }

  private join(near: Socket, far: Socket): void {
    this.streamsRelayed += 1;
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      this.open.add(from);
      from.on("error", () => to.destroy());
      from.on("close", () => this.open.delete(from));
      from.pipe(to);
    }
  }
}
