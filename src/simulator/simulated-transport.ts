import type { Endpoint } from "../base/address.ts";
import { formatEndpoint } from "../base/address.ts";
import type { Stream, StreamHandler, Transport, TransportReceiver } from "../base/host.ts";
import { type Network, packetBytesMax } from "./network.ts";
import { ScheduledEvent } from "./schedule.ts";
import type { SimulatedClock } from "./simulated-clock.ts";
import type { SimulatedProcess } from "./simulated-process.ts";
import { SimulatedStream } from "./simulated-stream.ts";

/** How long an unanswered attempt to connect waits before the next one. */
const connectAgainMs = 1_000;

/**
 * Packets and streams of one simulated host. As with real sockets, nobody is told of a packet that nobody listens for; a
 * stream to a machine without a listener is refused, one to an address that does not answer times out.
 */
export class SimulatedTransport implements Transport {
  readonly bound: Endpoint;
  readonly process: SimulatedProcess;
  private readonly network: Network<SimulatedTransport>;
  private readonly clock: SimulatedClock;
  private readonly streams = new Set<SimulatedStream>();
  private receiver: TransportReceiver | undefined;
  private closed = false;

  constructor(bound: Endpoint, network: Network<SimulatedTransport>, process: SimulatedProcess, clock: SimulatedClock) {
    this.bound = bound;
    this.network = network;
    this.process = process;
    this.clock = clock;
    network.bind(bound, this);
  }

  /** Streams that are open here, or about to be. */
  get streamCount(): number {
    return this.streams.size;
  }

  listen(receiver: TransportReceiver): void {
    this.receiver = receiver;
  }

  sendPacket(to: Endpoint, packet: Uint8Array): void {
    if (this.closed) return;
    if (this.process.isStalled) {
      const held = packet.slice();
      this.process.depart(() => this.sendPacket(to, held));
      return;
    }
    const { schedule, links } = this.network;
    if (packet.length > packetBytesMax || to.port === 0) {
      const detail =
        to.port === 0 ? `no packet can be sent to ${formatEndpoint(to)}` : `message too long: ${packet.length} bytes`;
      const fail = () => this.receiver?.packetFailed(to, { kind: "unreachable", detail });
      schedule.after(0, () => this.process.take("packet", fail));
      return;
    }
    const { address } = this.bound;
    for (let copies = links.duplicates(address, to.address) ? 2 : 1; copies > 0; copies--) {
      const delayMs = links.packetDelayMs(address, to.address, packet.length, schedule.nowMs);
      if (delayMs === undefined) continue;
      // A copy, because sender and receiver must not see each other's memory.
      schedule.add(new PacketArrival(this.network, this.bound, to, packet.slice()), delayMs);
    }
  }

  openStream(to: Endpoint, timeoutMs: number, handler: StreamHandler): Stream {
    const stream = new SimulatedStream(this.network, this.process, { local: this.bound, remote: to }, this.streams);
    if (this.closed) {
      stream.destroy();
      return stream;
    }
    stream.handle(handler);
    stream.timeout = this.network.schedule.after(this.clock.trueMs(timeoutMs), () =>
      stream.fail({ kind: "timeout", detail: `no connection to ${formatEndpoint(to)} within ${timeoutMs} ms` }),
    );
    this.process.depart(() => this.dial(stream));
    return stream;
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.receiver = undefined;
    this.network.unbind(this.bound);
    for (const stream of [...this.streams]) stream.destroy();
  }

  /** Something on the way has forgotten the streams that are open here, and resets them for both sides. */
  resetStreams(): void {
    for (const stream of [...this.streams]) stream.reset();
  }

  /** The machine is without power: nobody is told that its streams are gone. */
  vanish(): void {
    for (const stream of [...this.streams]) stream.vanish();
    this.close();
  }

  /** A packet has come all the way. */
  deliver(from: Endpoint, packet: Uint8Array): void {
    if (!this.process.begins("packet")) {
      this.process.hold("packet", () => this.deliver(from, packet), packet.length);
      return;
    }
    this.receiver?.receivePacket(from, packet, this.clock.monotonicMs());
    this.process.ended("packet");
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
    schedule.after(links.segmentDelayMs(local.address, remote.address, 0, schedule.nowMs), () => {
      if (stream.isGone) return;
      const isRejected = links.isRejected(local.address, remote.address);
      if (!isRejected && this.network.socketAt(remote)?.accept(stream)) return;
      const refuse = () => stream.fail({ kind: "refused", detail: "connection refused" });
      schedule.after(links.latencyMs(remote.address, local.address), refuse);
    });
  }

  /**
   * Joins the stream that another host opens with an end of our own. False if nobody listens here. The kernel does that, also for a
   * process that is paused and will take the stream later.
   */
  private accept(theirs: SimulatedStream): boolean {
    const { network } = this;
    if (this.receiver === undefined) return false;
    const { address } = this.bound;
    const ours = new SimulatedStream(network, this.process, { local: this.bound, remote: theirs.local }, this.streams);
    network.schedule.after(network.links.latencyMs(address, theirs.local.address), () => theirs.open());
    const breaks = network.links.breakOf(theirs.local.address, address);
    theirs.connectTo(ours, breaks);
    ours.connectTo(theirs, breaks);
    this.process.take("stream", () => {
      if (this.receiver !== undefined && !ours.isGone) ours.handle(this.receiver.acceptStream(ours));
    });
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
