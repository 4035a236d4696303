import { createSocket, type Socket as UdpSocket } from "node:dgram";
import { createServer, isIP, type Server } from "node:net";
import { formatEndpoint } from "../base/address.ts";
import { type ErrorCode, SerfError } from "../base/errors.ts";

/** A UDP and a TCP socket at the same address and port. */
export interface BoundSockets {
  readonly udp: UdpSocket;
  readonly tcp: Server;
  readonly port: number;
}

/** A free port for TCP is nearly always free for UDP too. */
const freePortTriesMax = 10;

/**
 * Binds both sockets, or neither. Port 0 finds a port that is free for both. Rejects with INVALID_ADDRESS, ADDRESS_IN_USE,
 * ADDRESS_NOT_AVAILABLE, ADDRESS_NOT_PERMITTED or LISTEN_FAILED.
 */
export async function bindSockets(address: string, port: number): Promise<BoundSockets> {
  if (isIP(address) === 0) throw new SerfError("INVALID_ADDRESS", `cannot bind to "${address}": not an IP address`);
  for (let tries = 1; ; tries++) {
    try {
      return await bindPair(address, port);
    } catch (error) {
      const isWorthAnotherTry = port === 0 && (error as SerfError).code === "ADDRESS_IN_USE";
      if (!isWorthAnotherTry || tries === freePortTriesMax) throw error;
    }
  }
}

async function bindPair(address: string, wantedPort: number): Promise<BoundSockets> {
  const tcp = await bindTcp(address, wantedPort);
  const bound = tcp.address();
  const port = typeof bound === "object" && bound !== null ? bound.port : wantedPort;
  try {
    return { tcp, udp: await bindUdp(address, port), port };
  } catch (error) {
    tcp.close();
    throw error;
  }
}

function bindTcp(address: string, port: number): Promise<Server> {
  return new Promise((resolve, reject) => {
    const server = createServer({ allowHalfOpen: true, noDelay: true });
    server.once("error", (error) => reject(listenError("TCP", address, port, error)));
    // Exclusive: a cluster worker must not share the port with its siblings.
    server.listen({ host: address, port, exclusive: true }, () => {
      server.removeAllListeners("error");
      resolve(server);
    });
  });
}

function bindUdp(address: string, port: number): Promise<UdpSocket> {
  return new Promise((resolve, reject) => {
    const family = isIP(address);
    const socket = createSocket({
      type: family === 6 ? "udp6" : "udp4",
      // Addresses are literals already, of this family; Node would ask its resolver for each packet, and answer a turn later.
      lookup: (literal, _options, callback) => callback(null, literal, family),
    });
    socket.once("error", (error) => {
      socket.close();
      reject(listenError("UDP", address, port, error));
    });
    socket.bind({ address, port, exclusive: true }, () => {
      socket.removeAllListeners("error");
      resolve(socket);
    });
  });
}

const errorCodeOf: Readonly<Record<string, ErrorCode>> = {
  EADDRINUSE: "ADDRESS_IN_USE",
  EADDRNOTAVAIL: "ADDRESS_NOT_AVAILABLE",
  EAFNOSUPPORT: "ADDRESS_NOT_AVAILABLE",
  EACCES: "ADDRESS_NOT_PERMITTED",
  EPERM: "ADDRESS_NOT_PERMITTED",
};

function listenError(protocol: string, address: string, port: number, cause: NodeJS.ErrnoException): SerfError {
  const code = errorCodeOf[cause.code ?? ""] ?? "LISTEN_FAILED";
  const where = formatEndpoint({ address, port });
  return new SerfError(code, `cannot listen for ${protocol} on ${where}: ${cause.message}`, { cause });
}
