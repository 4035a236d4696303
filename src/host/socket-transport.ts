import type { Socket as UdpSocket } from "node:dgram";
import { connect, isIP, type LookupFunction, type Server, Socket } from "node:net";
import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { viewBytes } from "../base/bytes.ts";
import { dialTimeoutText } from "../base/dial-failure.ts";
import type {
  Clock,
  Logger,
  Metrics,
  Stream,
  StreamHandler,
  Transport,
  TransportFailure,
  TransportReceiver,
} from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { BoundSockets } from "./bind-sockets.ts";
import { PacketGate } from "./packet-gate.ts";
import { sendAgainIfRefused } from "./send-again.ts";
import { SocketStream } from "./socket-stream.ts";
import { toTransportFailure } from "./transport-failure.ts";

/** One line of a kind in so long: where no file can be opened, each connection that is tried would be another. */
const complaintPeriodMs = 60_000;

export interface SocketTransportParts {
  readonly address: string;
  readonly sockets: BoundSockets;
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  /** What the kernel is asked to hold while we are busy. */
  readonly udpReceiveBufferBytes: number;
  /** Connections from others beyond this many are closed at once. */
  readonly acceptedStreamsMax: number;
  /** In a flood a packet beyond its sender's share is dropped unread. */
  readonly sharesOutPackets: boolean;
}

/** Packets over UDP, streams over TCP. */
export class SocketTransport implements Transport {
  readonly bound: Endpoint;
  private readonly udp: UdpSocket;
  private readonly tcp: Server;
  private readonly clock: Clock;
  private readonly logger: Logger;
  private readonly metrics: Metrics;
  /** An IPv6 socket reaches IPv4 addresses in their mapped form. */
  private readonly isIpv6: boolean;
  private readonly streams = new Set<SocketStream>();
  private readonly complaints: RateLimitedLog;
  private readonly gate: PacketGate | undefined;
  private receiver: TransportReceiver | undefined;
  private closed = false;
  /** No streams of others are taken. Packets still are: they keep this node a member. */
  private isShedding = false;

  constructor(parts: SocketTransportParts) {
    const { address, sockets, clock, logger, metrics } = parts;
    this.bound = { address, port: sockets.port };
    this.udp = sockets.udp;
    this.tcp = sockets.tcp;
    this.clock = clock;
    this.logger = logger;
    this.metrics = metrics;
    this.isIpv6 = isIP(address) === 6;
    growReceiveBuffer(this.udp, parts.udpReceiveBufferBytes);
    this.tcp.maxConnections = parts.acceptedStreamsMax;
    this.complaints = new RateLimitedLog({ logger, clock, periodMs: complaintPeriodMs, subjectsMax: 8 });
    if (parts.sharesOutPackets)
      this.gate = new PacketGate({
        afterTurn: setImmediate,
        nowMs: () => clock.monotonicMs(),
        flooded: () => this.complaints.log("WARN", "flood", floodText),
      });
    const complain = (what: string) => (error: Error) =>
      this.complaints.log("ERR", what, `memberlist: Error ${what}: ${error.message}`);
    this.udp.on("error", complain("reading UDP packet"));
    this.tcp.on("error", complain("accepting TCP connection"));
    this.tcp.on("drop", () => metrics.increment("memberlist.tcp.dropped"));
    // Until the node listens, whoever connects is turned away rather than left waiting.
    this.tcp.on("connection", (socket) => this.accept(socket));
  }

  listen(receiver: TransportReceiver): void {
    this.receiver = receiver;
    this.udp.on("message", (packet, from) => {
      const atMs = this.clock.monotonicMs();
      if (this.gate?.admits(from.address, from.port, atMs) === false) this.metrics.increment("memberlist.udp.dropped");
      else this.receiver?.receivePacket(this.fromSocket(from), viewBytes(packet, 0, packet.length), atMs);
    });
  }

  sendPacket(to: Endpoint, packet: Uint8Array): void {
    if (this.closed) return;
    // Node would throw for the port, and take the empty address for this machine.
    if (to.port === 0 || to.address === "") {
      const detail = `no packet can be sent to ${formatEndpoint(to)}`;
      setImmediate(() => this.failPacket(to, { kind: "unreachable", detail }));
      return;
    }
    const address = this.toSocket(to.address);
    this.gate?.noteSent(address, to.port);
    if (reportsRefusals) {
      const failed = (error: Error) => this.failPacket(to, toTransportFailure(error));
      sendAgainIfRefused(() => (this.closed ? undefined : this.udp), packet, to.port, address, failed);
    } else {
      this.udp.send(packet, to.port, address, this.packetSent);
    }
  }

  openStream(to: Endpoint, timeoutMs: number, handler: StreamHandler): Stream {
    const { address: host, port } = to;
    const socket = this.closed
      ? new Socket()
      : connect({ host, port, allowHalfOpen: true, noDelay: true, lookup: refuseNames });
    const stream = new SocketStream(socket, to, this.streams);
    if (this.closed) {
      stream.destroy();
      return stream;
    }
    stream.handle(handler);
    stream.awaitConnection(timeoutMs, dialTimeoutText(formatEndpoint(to)));
    return stream;
  }

  /** Whether the sockets keep the process alive. They do at first; streams always do, for their short time. */
  keepAlive(wanted: boolean): void {
    for (const socket of [this.udp, this.tcp]) {
      if (wanted) socket.ref();
      else socket.unref();
    }
  }

  /** Closes whatever stream another member opens, until called with false. */
  shedLoad(wanted: boolean): void {
    this.isShedding = wanted;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.receiver = undefined;
    this.udp.close();
    this.tcp.close();
    for (const stream of [...this.streams]) stream.destroy();
  }

  /** One function for all packets: the error itself says where the packet should have gone. */
  private readonly packetSent = (error: Error | null): void => {
    if (error === null) return;
    const { address, port } = error as unknown as Endpoint;
    this.failPacket(this.fromSocket({ address, port }), toTransportFailure(error));
  };

  private failPacket(to: Endpoint, failure: TransportFailure): void {
    if (this.receiver === undefined) return;
    this.metrics.increment("memberlist.udp.failed");
    this.receiver.packetFailed(to, failure);
  }

  private accept(socket: Socket): void {
    const { remoteAddress, remotePort } = socket;
    const isGoneAlready = remoteAddress === undefined || remotePort === undefined;
    if (this.isShedding) this.metrics.increment("memberlist.tcp.dropped");
    if (this.receiver === undefined || isGoneAlready || this.isShedding) {
      socket.on("error", (error) => this.logger.log("DEBUG", `memberlist: Error closing connection: ${error.message}`));
      socket.destroy();
      return;
    }
    const remote = this.fromSocket({ address: remoteAddress, port: remotePort });
    const stream = new SocketStream(socket, remote, this.streams);
    stream.handle(this.receiver.acceptStream(stream));
  }

  private toSocket(address: string): string {
    return this.isIpv6 && !address.includes(":") ? `::ffff:${address}` : address;
  }

  private fromSocket({ address, port }: Endpoint): Endpoint {
    return { address: this.isIpv6 && address.startsWith("::ffff:") ? address.slice(7) : address, port };
  }
}

const floodText =
  "memberlist: More packets come than can be read: taking a share of each sender's, and dropping the others unread";

/** Of sockets that send packets to anybody. */
const reportsRefusals = process.versions["bun"] !== undefined;

/** Endpoints are addresses; a name that got here must not cost a look-up, let alone connect to what it finds. */
const refuseNames: LookupFunction = (name, _options, callback) =>
  callback(new Error(`"${name}" is not an IP address`), "");

/** Asks for less and less where a system refuses; Linux grants what it may without a word. */
function growReceiveBuffer(udp: UdpSocket, wantedBytes: number): void {
  for (let bytes = wantedBytes; bytes >= 1_024; bytes = Math.floor(bytes / 2)) {
    try {
      udp.setRecvBufferSize(bytes);
      return;
    } catch {
      // The next, smaller size.
    }
  }
}
