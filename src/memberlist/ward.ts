import type { Endpoint } from "../base/address.ts";
import type { Timer } from "../base/host.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { CrashSurroundings } from "./crash-case.ts";
import { composePing } from "./foundations.ts";
import { checkRefusal } from "./refusal-check.ts";
import type { StreamConversation } from "./stream-client.ts";
import { isGone } from "./transitions.ts";
import { WatchStream } from "./watch-stream.ts";

/** An answer on the same network takes less than a millisecond; a busy process takes longer. */
const ackWaitMsMin = 60;
const ackWaitRoundTrips = 4;
/** A ping goes out within this share of the interval around its end, or both sides would ask each other at once. */
const jitter = 0.2;
/** After a stream that brought no answer, for so many intervals no other is made: a stopped process has only so much room for streams. */
const restIntervals = 10;
/** After a stream that was to be kept open and was not, so many intervals with pings pass before the next. */
const reopenIntervals = 40;
/** A process that dies closes one thing after the other: this long after its stream ended it listens no more. */
const endToCheckMs = 20;
const endToCheckSpreadMs = 60;

export interface WardListener {
  /** Nothing came from it for an interval, and it was pinged; or the stream to it has ended. */
  silent(): void;
  /** It did not answer the ping, or the stream to it has ended, and its host refused another stream. */
  refused(): void;
}

/**
 * One member that this node watches closely. When nothing has come from it for an interval, it is pinged. If it is of this implementation, its ack says
 * so, and a stream is opened to it and kept: then pings are no more needed. When no ack comes, or that stream ends, another stream shows whether
 * the member's host refuses. Whatever the member sends is a sign of life and saves a ping.
 */
export class Ward {
  readonly name: string;
  private readonly around: CrashSurroundings;
  private readonly listener: WardListener;
  private place: Endpoint;
  private heardMs: number;
  private ackWaitMs: number;
  /** Then patience is lost slowly. */
  private hasMissed = false;
  private restUntilMs = 0;
  private timer: Timer | undefined;
  /** Of the ping under way. */
  private sequence: number | undefined;
  private check: StreamConversation | undefined;
  private watch: WatchStream | undefined;
  private reopenMs = 0;

  constructor(around: CrashSurroundings, name: string, place: Endpoint, listener: WardListener) {
    this.around = around;
    this.name = name;
    this.place = place;
    this.listener = listener;
    this.heardMs = around.clock.monotonicMs();
    this.ackWaitMs = around.options.probeTimeoutMs;
    // Not at once: where many join together, acks would use up the news before gossip can spread it.
    this.wait(1 + around.random.fraction());
  }

  stop(): void {
    this.timer?.cancel();
    this.check?.abandon();
    this.watch?.abandon();
    this.forgetPing();
  }

  get port(): number {
    return this.place.port;
  }

  isAt({ address, port }: Endpoint): boolean {
    return this.place.port === port && this.place.address === address;
  }

  /** Something came from it. */
  heard(): void {
    this.heardMs = this.around.clock.monotonicMs();
    this.forgetPing();
  }

  /** No more streams to it for some time. */
  rest(): void {
    this.restUntilMs = this.around.clock.monotonicMs() + restIntervals * this.around.options.fastFailureIntervalMs;
  }

  private wait(intervals: number): void {
    const { options, random, timers } = this.around;
    const share = intervals * (1 - jitter + 2 * jitter * random.fraction());
    this.timer = timers.after(share * options.fastFailureIntervalMs, () => this.handleSilence());
  }

  private handleSilence(): void {
    const { clock, options } = this.around;
    const silentIntervals = (clock.monotonicMs() - this.heardMs) / options.fastFailureIntervalMs;
    const isHeard = silentIntervals < 1 - jitter;
    this.wait(isHeard ? 1 - silentIntervals : 1);
    if (isHeard || this.sequence !== undefined || this.check !== undefined) return;
    this.ping();
    this.listener.silent();
  }

  private ping(): void {
    const { acks, clock, membership, packets } = this.around;
    const member = membership.find(this.name);
    if (member === undefined || isGone(member.state)) return;
    this.place = { address: member.address, port: member.port };
    const sentMs = clock.monotonicMs();
    const { ackWaitMs } = this;
    this.sequence = acks.expect(ackWaitMs, {
      ack: (payload, atMs) => {
        const patienceMs = this.hasMissed ? ackWaitMs / 2 : 0;
        this.ackWaitMs = Math.max(ackWaitMsMin, ackWaitRoundTrips * (atMs - sentMs), patienceMs);
        this.heard();
        if (this.around.delegates.ping?.keepsStreams?.(payload)) this.openWatch();
      },
      expired: () => this.handleMissedAck(),
    });
    packets.send(member, member.name, [encodeMessage(composePing(this.around, this.sequence, member.name))]);
  }

  private handleMissedAck(): void {
    const { clock, options } = this.around;
    this.sequence = undefined;
    this.ackWaitMs = Math.min(options.probeTimeoutMs, 2 * this.ackWaitMs);
    this.hasMissed = true;
    if (clock.monotonicMs() >= this.restUntilMs) this.askHost();
  }

  private openWatch(): void {
    const { clock, membership, options } = this.around;
    const member = membership.find(this.name);
    const isTooSoon = clock.monotonicMs() < this.reopenMs;
    if (!options.fastFailureStreams || this.watch !== undefined || isTooSoon || member === undefined) return;
    this.watch = new WatchStream(this.around, member, {
      held: () => this.timer?.cancel(),
      ended: () => this.handleWatchEnd(),
      declined: () => this.closeWatch(),
    });
  }

  private closeWatch(): void {
    const { clock, options } = this.around;
    this.watch = undefined;
    this.reopenMs = clock.monotonicMs() + reopenIntervals * options.fastFailureIntervalMs;
  }

  private handleWatchEnd(): void {
    const { random, timers } = this.around;
    this.closeWatch();
    this.timer = timers.after(endToCheckMs + endToCheckSpreadMs * random.fraction(), () => {
      this.wait(1);
      this.askHost();
      this.listener.silent();
    });
  }

  private askHost(): void {
    const { clock, membership } = this.around;
    const member = membership.find(this.name);
    if (this.check !== undefined || member === undefined || isGone(member.state)) return;
    const askedMs = clock.monotonicMs();
    this.check = checkRefusal(this.around, member, (result) => {
      this.check = undefined;
      if (result === "answered") this.heard();
      else if (result === "silent") this.rest();
      else if (result === "refused" && this.heardMs <= askedMs) this.listener.refused();
    });
  }

  private forgetPing(): void {
    if (this.sequence !== undefined) this.around.acks.forget(this.sequence);
    this.sequence = undefined;
  }
}
