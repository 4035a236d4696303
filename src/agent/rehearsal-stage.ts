import { type Endpoint, formatEndpoint } from "../base/address.ts";
import type { Stream, StreamHandler, Timer, Transport, TransportReceiver } from "../base/host.ts";
import { FileStorage } from "../host/file-storage.ts";
import { silentLogger, silentMetrics } from "../host/loggers.ts";
import type { NodeHost } from "../host/node-host.ts";
import { NodeRandom } from "../host/node-random.ts";
import { NodeResolver } from "../host/node-resolver.ts";

/** What is due, at a time of the stage's clock. */
interface Cue {
  readonly atMs: number;
  readonly play: () => void;
}

/** Where the hosts of a rehearsal are: packets arrive in memory, time passes when it is told to, and nothing leaves the process. */
export class RehearsalStage {
  private nowMs = 0;
  private cues: Cue[] = [];
  private readonly receivers = new Map<string, TransportReceiver>();

  /** One more host, at an address that nobody else has to do with. */
  createHost(at: Endpoint): NodeHost {
    const wallStartMs = Date.now();
    return {
      clock: { monotonicMs: () => this.nowMs, wallMs: () => wallStartMs + this.nowMs },
      timers: { after: (delayMs, fire) => this.after(delayMs, fire) },
      random: new NodeRandom(),
      transport: this.createTransport(at),
      resolver: new NodeResolver(),
      storage: new FileStorage(),
      logger: silentLogger,
      metrics: silentMetrics,
      close: async () => undefined,
      unref: () => undefined,
      ref: () => undefined,
      shedLoad: () => undefined,
    };
  }

  /** Brings a packet to the host at that address, at once. */
  deliver(from: Endpoint, to: Endpoint, packet: Uint8Array): void {
    this.receivers.get(formatEndpoint(to))?.receivePacket(from, packet, this.nowMs);
  }

  /** Lets time pass. */
  run(ms: number): void {
    const endMs = this.nowMs + ms;
    for (let next = this.takeDue(endMs); next !== undefined; next = this.takeDue(endMs)) {
      this.nowMs = Math.max(this.nowMs, next.atMs);
      next.play();
    }
    this.nowMs = endMs;
  }

  private after(delayMs: number, play: () => void): Timer {
    const cue = { atMs: this.nowMs + delayMs, play };
    this.cues.push(cue);
    return {
      cancel: () => {
        this.cues = this.cues.filter((other) => other !== cue);
      },
    };
  }

  /** The first cue of those due by then. They are a dozen or two. */
  private takeDue(endMs: number): Cue | undefined {
    let first: Cue | undefined;
    for (const cue of this.cues) if (cue.atMs <= endMs && (first === undefined || cue.atMs < first.atMs)) first = cue;
    this.cues = this.cues.filter((cue) => cue !== first);
    return first;
  }

  private createTransport(bound: Endpoint): Transport & { bound: Endpoint } {
    return {
      bound,
      listen: (receiver) => void this.receivers.set(formatEndpoint(bound), receiver),
      sendPacket: (to, packet) => void this.after(0, () => this.deliver(bound, to, packet)),
      openStream: (to, _timeoutMs, handler) => this.refuse(to, handler),
      close: () => void this.receivers.delete(formatEndpoint(bound)),
    };
  }

  /** No streams here: what is told by them is not what has to be fast. */
  private refuse(remote: Endpoint, handler: StreamHandler): Stream {
    const answer = this.after(0, () => handler.closed({ kind: "refused", detail: "rehearsing" }));
    const nothing = () => undefined;
    return {
      remote,
      pendingBytes: 0,
      write: nothing,
      end: nothing,
      stayIdle: nothing,
      destroy: () => answer.cancel(),
    };
  }
}
