import type { Endpoint } from "../base/address.ts";
import { formatEndpoint } from "../base/address.ts";
import type { Stream, StreamHandler, Transport, TransportReceiver } from "../base/host.ts";
import { type Network, packetBytesMax } from "./network.ts";
import { ScheduledEvent } from "./schedule.ts";
import { SimulatedStream } from "./simulated-stream.ts";

/** How long an unanswered attempt to connect waits before the next one. */
const connectAgainMs = 1_000;

/**
 * Packets and streams of one simulated host. As with real sockets, nobody is told of a packet that nobody listens for; a
 * stream to a machine without a listener is refused, one to an address that does not answer times out.
 */
export class SimulatedTransport implements Transport {
  readonly bound: Endpoint;
  private readonly network: Network<SimulatedTransport>;
  private readonly streams = new Set<SimulatedStream>();
  private receiver: TransportReceiver | undefined;
  private closed = false;

  constructor(bound: Endpoint, network: Network<SimulatedTransport>) {
    this.bound = bound;
    this.network = network;
    network.bind(bound, this);
  }

  listen(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }

  sendPacket(to: Endpoint, packet: Uint8Array): void {
    if (this.closed) return;
    const { schedule, links } = this.network;
    if (packet.length > packetBytesMax || to.port === 0) {
      const detail =
        to.port === 0 ? `no packet can be sent to ${formatEndpoint(to)}` : `message too long: ${packet.length} bytes`;
      schedule.after(0, () => this.receiver?.packetFailed(to, { kind: "unreachable", detail }));
      return;
    }
    if (links.losesPacket(this.bound.address, to.address)) return;
    // A copy, because sender and receiver must not see each other's memory.
    schedule.add(new PacketArrival(this.network, this.bound, to, packet.slice()), links.latencyMs);
  }

  openStream(to: Endpoint, timeoutMs: number, handler: StreamHandler): Stream {
    const stream = new SimulatedStream(this.network, this.bound, to, this.streams);
    if (this.closed) {
      stream.destroy();
      return stream;
    }
    stream.handle(handler);
    stream.timeout = this.network.schedule.after(timeoutMs, () =>
      stream.fail({ kind: "timeout", detail: `no connection to ${formatEndpoint(to)} within ${timeoutMs} ms` }),
    );
    this.dial(stream);
    return stream;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.receiver = undefined;
    this.network.unbind(this.bound);
    for (const stream of [...this.streams]) stream.destroy();
  }

  /** A packet has come all the way. */
  deliver(from: Endpoint, packet: Uint8Array): void {
    this.receiver?.receivePacket(from, packet, this.network.schedule.nowMs);
  }

  private dial(stream: SimulatedStream): void {
    if (stream.isGone) return;
    const { schedule, links } = this.network;
    const { local, remote } = stream;
    const isCut = links.isCut(local.address, remote.address) || links.isCut(remote.address, local.address);
    if (isCut || !this.network.hasMachine(remote.address)) {
      schedule.after(connectAgainMs, () => this.dial(stream));
      return;
    }
    schedule.after(links.latencyMs, () => {
      if (stream.isGone) return;
      const accepted = this.network.socketAt(remote)?.accept(stream) ?? false;
      if (!accepted) {
        schedule.after(links.latencyMs, () => stream.fail({ kind: "refused", detail: "connection refused" }));
      }
    });
  }

  /** Joins the stream that another host opens with an end of our own. False if nobody listens here. */
  private accept(theirs: SimulatedStream): boolean {
    const { receiver, network } = this;
    if (receiver === undefined) return false;
    const ours = new SimulatedStream(network, this.bound, theirs.local, this.streams);
    network.schedule.after(network.links.latencyMs, () => theirs.open());
    theirs.connectTo(ours);
    ours.connectTo(theirs);
    ours.handle(receiver.acceptStream(ours));
    return true;
  }
}

class PacketArrival extends ScheduledEvent {
  private readonly network: Network<SimulatedTransport>;
  private readonly from: Endpoint;
  private readonly to: Endpoint;
  private readonly packet: Uint8Array;

  constructor(network: Network<SimulatedTransport>, from: Endpoint, to: Endpoint, packet: Uint8Array) {
    super();
    this.network = network;
    this.from = from;
    this.to = to;
    this.packet = packet;
  }

  fire(): void {
    this.network.socketAt(this.to)?.deliver(this.from, this.packet);
  }
}
