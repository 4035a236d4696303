/**
 * Ports for real processes on loopback, free for TCP and UDP, and not handed out twice even when several test runs share the machine.
 *
 * The kernel is the arbiter: a port is drawn at random and tried by binding. What it cannot do is keep a port for a process that has yet
 * to start, or that is down until its restart. So ports come in pairs: the even one is leased, the odd one above it stays bound here as
 * the mark of the lease. They lie below the range from which kernels take ports for outgoing connections.
 */

import { createSocket } from "node:dgram";
import { createServer, type Server } from "node:net";
import { loopback } from "./loopback.ts";

const lowestPort = 12_000;
const highestPort = 31_998;
const drawsMax = 200;

export interface PortLease {
  readonly port: number;
  release(): Promise<void>;
}

export async function leasePort(): Promise<PortLease> {
  for (let draw = 0; draw < drawsMax; draw++) {
    const port = lowestPort + 2 * Math.floor((Math.random() * (highestPort - lowestPort)) / 2);
    const mark = await listen(port + 1);
    if (mark === undefined) continue;
    if (await isFree(port)) return { port, release: () => closed(mark) };
    await closed(mark);
  }
  throw new Error(`no free port between ${lowestPort} and ${highestPort} in ${drawsMax} draws`);
}

async function isFree(port: number): Promise<boolean> {
  const tcp = await listen(port);
  if (tcp === undefined) return false;
  const udpIsFree = await new Promise<boolean>((resolve) => {
    const socket = createSocket("udp4");
    socket.once("error", () => socket.close(() => resolve(false)));
    socket.bind(port, loopback, () => socket.close(() => resolve(true)));
  });
  await closed(tcp);
  return udpIsFree;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen(port, loopback, () => resolve(server.unref()));
  });
}

function closed(server: Server): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()));
}
