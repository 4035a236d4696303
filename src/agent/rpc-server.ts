import { createHash, timingSafeEqual } from "node:crypto";
import { createServer, type Server, type Socket } from "node:net";
import { canonicalIp, formatEndpoint } from "../base/address.ts";
import type { Logger, LogLevel, Metrics } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import { nodeClock } from "../host/node-clock.ts";
import type { AgentFace } from "./face.ts";
import { listenForClients } from "./rpc-listener.ts";
import { MemberListEncoder } from "./rpc-records.ts";
import { RpcSession } from "./rpc-session.ts";

export interface RpcServerOptions {
  /** "host:port"; an empty host listens on all addresses, port 0 takes a free one. Or "unix:///path". */
  readonly listen: string;
  /** What clients must show; empty asks for nothing. */
  readonly authKey: string;
  readonly agent: AgentFace;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly limits?: Partial<RpcLimits>;
  /** Called whenever clients made the server hold some megabytes more: time to look at the memory. */
  readonly grew?: () => void;
}

/** What a stranger may cost. The reference has no such limits: see docs/DEVIATIONS.md. */
export interface RpcLimits {
  /** Connections that have shown who they are; one more is told so and closed. */
  readonly clientsMax: number;
  /** Connections that have not shown who they are yet; one more is closed at once. */
  readonly unauthenticatedMax: number;
  /** After so long without handshake, and key where one is set, a connection is closed. */
  readonly authTimeoutMs: number;
  readonly frameBytesMaxBeforeAuth: number;
  readonly frameBytesMax: number;
}

const defaultLimits: RpcLimits = {
  clientsMax: 4_096,
  unauthenticatedMax: 64,
  authTimeoutMs: 10_000,
  frameBytesMaxBeforeAuth: 64 * 1024,
  frameBytesMax: 1024 * 1024,
};

/** What clients may make the server hold before `grew` is called again. */
const growthBytes = 4 * 1024 * 1024;

/** One line of a kind in so long, so that a flood of connections is not a flood of lines. */
const complaintPeriodMs = 60_000;

/** How long a closing server waits for answers that are under way. */
const closeTimeoutMs = 1_000;

export interface RpcServer {
  /** Where it listens: "127.0.0.1:7373", "unix:///run/serf.sock". */
  readonly address: string;
  /** Takes no new clients until it is called with false. With `costly`, clients that hold much memory are closed as well. */
  shedLoad(wanted: boolean, costly?: boolean): void;
  /** Stops listening, lets requests at hand be answered, for a second at most, and closes every connection. */
  close(): Promise<void>;
}

/** Listens for RPC clients of this agent. Rejects with INVALID_ADDRESS, ADDRESS_IN_USE or LISTEN_FAILED. */
export async function createRpcServer(options: RpcServerOptions): Promise<RpcServer> {
  const connections = new Connections(options);
  // Half open, because a client may send all its requests and end before it reads the answers.
  const server = createServer({ allowHalfOpen: true, noDelay: true, keepAlive: true }, (socket) =>
    connections.accept(socket),
  );
  const address = await listenForClients(server, options.listen);
  server.on("error", (error) => connections.complain("ERR", "accept", `Failed to accept client: ${error.message}`));
  return {
    address,
    shedLoad: (wanted, costly = false) => connections.shedLoad(wanted, costly),
    close: () => closeServer(server, connections),
  };
}

class Connections {
  private readonly options: RpcServerOptions;
  private readonly limits: RpcLimits;
  private readonly isAuthKey: ((key: string) => boolean) | undefined;
  private readonly sessions = new Map<RpcSession, Socket>();
  private readonly memberList = new MemberListEncoder();
  private readonly complaints: RateLimitedLog;
  private unauthenticated = 0;
  private accepted = 0;
  private grownBytes = 0;
  private isShedding = false;

  constructor(options: RpcServerOptions) {
    this.options = options;
    this.limits = { ...defaultLimits, ...options.limits };
    this.isAuthKey = options.authKey === "" ? undefined : comparer(options.authKey);
    const { logger } = options;
    this.complaints = new RateLimitedLog({ logger, clock: nodeClock, periodMs: complaintPeriodMs, subjectsMax: 8 });
  }

  accept(socket: Socket): void {
    const { agent, logger, metrics } = this.options;
    // Without a listener an error of the socket would end the process; `close` follows and says enough.
    socket.on("error", () => {});
    if (this.unauthenticated >= this.limits.unauthenticatedMax) {
      socket.destroy();
      metrics.increment("agent.ipc.refused");
      const why = `${this.unauthenticated} connections have not authenticated yet`;
      this.complain("WARN", "strangers", `Refusing clients: ${why}`);
      return;
    }
    const trustedClients = this.sessions.size - this.unauthenticated;
    const refused = this.isShedding || trustedClients >= this.limits.clientsMax;
    if (refused) {
      metrics.increment("agent.ipc.refused");
      const why = this.isShedding ? "memory or open files are short" : `${trustedClients} are connected`;
      this.complain("WARN", "clients", `Refusing clients: ${why}`);
    }
    this.accepted += 1;
    const remoteAddress = describeRemote(socket, this.accepted);
    logger.log("INFO", `agent.ipc: Accepted client: ${remoteAddress}`);
    metrics.increment("agent.ipc.accept");
    this.unauthenticated += 1;
    let trusted = false;
    const trust = (): void => {
      if (trusted) return;
      trusted = true;
      this.unauthenticated -= 1;
      clearTimeout(deadline);
    };
    const deadline = setTimeout(() => {
      logger.log("WARN", `agent.ipc: Closing ${session.name}: no handshake or authentication in time`);
      socket.destroy();
    }, this.limits.authTimeoutMs);
    const session = new RpcSession(socket, remoteAddress, {
      memberList: this.memberList,
      agent,
      logger,
      metrics,
      isAuthKey: this.isAuthKey,
      ...this.limits,
      refused,
      grew: (bytes) => this.noteGrowth(bytes),
      trusted: trust,
    });
    this.sessions.set(session, socket);
    socket.once("close", () => {
      trust();
      this.sessions.delete(session);
    });
    void session.run();
  }

  closeAll(): void {
    for (const session of this.sessions.keys()) session.close();
  }

  destroyAll(): void {
    for (const socket of this.sessions.values()) socket.destroy();
  }

  shedLoad(wanted: boolean, costly: boolean): void {
    this.isShedding = wanted;
    if (!wanted || !costly) return;
    for (const [session, socket] of this.sessions) {
      if (!session.isCostly) continue;
      this.complain(
        "WARN",
        "costly",
        `Closing ${session.name}: memory is short, and what it sends or does not read takes much`,
      );
      socket.destroy();
    }
  }

  private noteGrowth(bytes: number): void {
    this.grownBytes += bytes;
    if (this.grownBytes < growthBytes) return;
    this.grownBytes = 0;
    this.options.grew?.();
  }

  complain(level: LogLevel, kind: string, text: string): void {
    this.complaints.log(level, kind, `agent.ipc: ${text}`);
  }
}

async function closeServer(server: Server, connections: Connections): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  connections.closeAll();
  const timer = setTimeout(() => connections.destroyAll(), closeTimeoutMs);
  await closed;
  clearTimeout(timer);
}

/**
 * As Go writes it: an IPv4 client of a server that listens on all addresses is not shown as mapped into IPv6, and clients of a socket in
 * the file system, which have no address, are "@"; a number tells them apart.
 */
function describeRemote({ remoteAddress, remotePort = 0 }: Socket, number: number): string {
  if (remoteAddress === undefined) return `@${number}`;
  return formatEndpoint({ address: canonicalIp(remoteAddress) ?? remoteAddress, port: remotePort });
}

/** Compares in constant time, so that the key cannot be found out letter by letter. */
function comparer(authKey: string): (key: string) => boolean {
  const digest = (key: string): Buffer => createHash("sha256").update(key).digest();
  const expected = digest(authKey);
  return (key) => timingSafeEqual(digest(key), expected);
}
