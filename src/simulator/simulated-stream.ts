import type { Endpoint } from "../base/address.ts";
import type { Stream, StreamHandler, TransportFailure } from "../base/host.ts";
import type { Break } from "./links.ts";
import type { Network } from "./network.ts";
import type { ScheduledEvent } from "./schedule.ts";
import type { SimulatedProcess } from "./simulated-process.ts";

/** How long a sender waits before it tries again what met a cut. */
const retransmitMs = 200;
/** What a kernel keeps for a process that does not read; then the sender waits. */
const unreadBytesMax = 65_536;

/**
 * One end of a stream. It sends a chunk at a time and the next one when the first could have been acknowledged, so that
 * large writes take time and are seen in `pendingBytes`. A cut delays bytes, as retransmission would; it loses none.
 */
export class SimulatedStream implements Stream {
  readonly local: Endpoint;
  readonly remote: Endpoint;
  pendingBytes = 0;
  /** Set while an outgoing stream waits for its connection. */
  timeout: ScheduledEvent | undefined;
  private readonly network: Network<unknown>;
  private readonly process: SimulatedProcess;
  /** The open streams of this end's host. */
  private readonly siblings: Set<SimulatedStream>;
  private handler: StreamHandler | undefined;
  private peer: SimulatedStream | undefined;
  private queue: Uint8Array[] = [];
  private nextDepartureMs = 0;
  /** When what was sent last arrives: nothing sent later arrives before. */
  private lastArrivalMs = 0;
  /** How this stream is to break, if it is; and what it has sent. */
  private breaks: Break | undefined;
  private sentBytes = 0;
  private departurePlanned = false;
  private endAsked = false;
  private endSent = false;
  private endReceived = false;
  private gone = false;

  constructor(
    network: Network<unknown>,
    process: SimulatedProcess,
    ends: { readonly local: Endpoint; readonly remote: Endpoint },
    siblings: Set<SimulatedStream>,
  ) {
    this.network = network;
    this.process = process;
    this.local = ends.local;
    this.remote = ends.remote;
    this.siblings = siblings;
    siblings.add(this);
  }

  get isGone(): boolean {
    return this.gone;
  }

  handle(handler: StreamHandler): void {
    this.handler = handler;
  }

  connectTo(peer: SimulatedStream, breaks: Break | undefined): void {
    this.peer = peer;
    this.breaks = breaks;
    this.planDeparture();
  }

  open(): void {
    if (this.gone) return;
    this.clearTimeout();
    this.tell((handler) => handler.opened());
  }

  write(bytes: Uint8Array): void {
    if (this.gone || this.endAsked || bytes.length === 0) return;
    this.queue.push(bytes);
    this.pendingBytes += bytes.length;
    this.planDeparture();
  }

  end(): void {
    if (this.gone || this.endAsked) return;
    this.endAsked = true;
    this.planDeparture();
  }

  /** Here no host forgets a stream, and nobody asks. */
  stayIdle(): void {}

  /** As a kernel closes a socket: the other side sees an end, or a reset once its own bytes arrive here. */
  destroy(): void {
    if (this.gone) return;
    this.vanish();
    if (!this.endSent) this.tellPeer((peer) => peer.arrive(undefined, true));
  }

  /** The stream is gone for a reason that its handler is told. */
  fail(failure: TransportFailure | undefined): void {
    if (this.gone) return;
    this.vanish();
    this.process.take("stream", () => this.handler?.closed(failure));
  }

  /** The stream is gone, and both sides are told at once. */
  reset(): void {
    const failure = { kind: "reset", detail: "connection reset by peer" } as const;
    this.peer?.fail(failure);
    this.fail(failure);
  }

  /** The stream is gone, and nobody is told. */
  vanish(): void {
    this.gone = true;
    this.queue = [];
    this.pendingBytes = 0;
    this.siblings.delete(this);
    this.clearTimeout();
  }

  private arrive(chunk: Uint8Array | undefined, isLast: boolean): void {
    if (this.gone) {
      if (chunk !== undefined) this.tellPeer((peer) => peer.fail({ kind: "reset", detail: "broken pipe" }));
      return;
    }
    this.process.take("stream", () => this.receive(chunk, isLast), chunk?.length ?? 0);
  }

  private receive(chunk: Uint8Array | undefined, isLast: boolean): void {
    if (this.gone) return;
    if (chunk !== undefined) this.handler?.received(chunk);
    if (this.gone || !isLast) return;
    this.endReceived = true;
    this.handler?.ended();
    this.closeWhenBothEnded();
  }

  private tell(what: (handler: StreamHandler) => void): void {
    this.process.take("stream", () => {
      if (!this.gone && this.handler !== undefined) what(this.handler);
    });
  }

  private planDeparture(): void {
    const nothingToSend = this.pendingBytes === 0 && (!this.endAsked || this.endSent);
    if (this.departurePlanned || this.peer === undefined || nothingToSend) return;
    this.departurePlanned = true;
    const { schedule } = this.network;
    schedule.after(Math.max(0, this.nextDepartureMs - schedule.nowMs), () => this.depart());
  }

  private depart(): void {
    this.departurePlanned = false;
    if (this.gone) return;
    const { schedule, links } = this.network;
    const { peer } = this;
    const isClogged = peer?.process.isPaused && peer.process.unreadBytes >= unreadBytesMax;
    if (isClogged || links.isCut(this.local.address, this.remote.address)) {
      this.nextDepartureMs = schedule.nowMs + retransmitMs;
      this.planDeparture();
      return;
    }
    const chunk = this.takeChunk();
    const isLast = this.endAsked && this.pendingBytes === 0;
    const delayMs = links.segmentDelayMs(this.local.address, this.remote.address, chunk?.length ?? 0, schedule.nowMs);
    this.nextDepartureMs = schedule.nowMs + 2 * delayMs;
    if (this.breaksWith(chunk, delayMs)) return;
    this.afterInOrder(delayMs, () => peer?.arrive(chunk, isLast));
    this.planDeparture();
    if (isLast) {
      this.endSent = true;
      this.closeWhenBothEnded();
    }
  }

  /** At the byte drawn the stream breaks: what comes before it arrives, the rest never does. */
  private breaksWith(chunk: Uint8Array | undefined, delayMs: number): boolean {
    const { breaks, peer } = this;
    const bytes = chunk?.length ?? 0;
    if (breaks === undefined || this.sentBytes + bytes <= breaks.afterBytes) {
      this.sentBytes += bytes;
      return false;
    }
    const part = chunk?.slice(0, breaks.afterBytes - this.sentBytes);
    this.sentBytes = breaks.afterBytes;
    if (part !== undefined && part.length > 0) this.afterInOrder(delayMs, () => peer?.arrive(part, false));
    if (breaks.isReset) {
      const reset = { kind: "reset", detail: "connection reset by peer" } as const;
      this.afterInOrder(delayMs, () => peer?.fail(reset));
      this.afterInOrder(delayMs, () => this.fail(reset));
    }
    return true;
  }

  private afterInOrder(delayMs: number, fire: () => void): void {
    const { schedule } = this.network;
    this.lastArrivalMs = Math.max(this.lastArrivalMs, schedule.nowMs + delayMs);
    schedule.at(this.lastArrivalMs, fire);
  }

  /** The bytes are copied: the two ends must not see each other's memory. */
  private takeChunk(): Uint8Array | undefined {
    if (this.pendingBytes === 0) return undefined;
    const chunk = new Uint8Array(Math.min(this.pendingBytes, this.network.streamChunkBytesMax));
    let filled = 0;
    let taken = 0;
    while (filled < chunk.length) {
      const first = this.queue[taken]!;
      const part = first.subarray(0, chunk.length - filled);
      chunk.set(part, filled);
      filled += part.length;
      if (part.length === first.length) taken++;
      else this.queue[taken] = first.subarray(part.length);
    }
    this.queue.splice(0, taken);
    this.pendingBytes -= chunk.length;
    return chunk;
  }

  /** A single word to the other side that is not sent again if it is lost. */
  private tellPeer(tell: (peer: SimulatedStream) => void): void {
    const { links } = this.network;
    const { peer } = this;
    if (peer === undefined || links.isCut(this.local.address, this.remote.address)) return;
    this.afterInOrder(links.latencyMs(this.local.address, this.remote.address), () => tell(peer));
  }

  private closeWhenBothEnded(): void {
    if (this.endSent && this.endReceived) this.fail(undefined);
  }

  private clearTimeout(): void {
    if (this.timeout !== undefined) this.network.schedule.cancel(this.timeout);
    this.timeout = undefined;
  }
}
