import type { Stream, StreamHandler, Timer } from "../base/host.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { StreamMessage } from "../wire/messages.ts";
import { sealStreamMessage } from "../wire/stream-envelope.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import { StreamReader } from "./stream-reader.ts";

/** The payload of an ack over a stream that stays open: see `Ping.hold`. */
export const heldPayload: Uint8Array = Uint8Array.of(1);

export interface WatchStreamListener {
  /** The member keeps the stream open: as long as nothing is heard of it, its process is there, or its host is out of reach. */
  held(): void;
  /** A stream that was held is gone. So is the member's process, perhaps. */
  ended(): void;
  /** The stream did not come about, or the member does not keep it. */
  declined(): void;
}

/**
 * A stream to a member that is opened to hear of its end. It brings a ping and an ack, encrypted where packets are, and then nothing: when the
 * member's process dies, its kernel closes the stream in the same moment, and no ping was needed to learn that. What closes a stream may be
 * anything else, so that its end is a hint and no more. One of the listener's methods but `held` is called last, and none after `abandon`.
 */
export class WatchStream implements StreamHandler {
  private readonly around: Foundations;
  private readonly name: string;
  private readonly listener: WatchStreamListener;
  private readonly stream: Stream;
  private readonly timer: Timer;
  /** Until the ack has come. */
  private reader: StreamReader | undefined;
  private finished = false;

  constructor(around: Foundations, { name, address, port }: Member, listener: WatchStreamListener) {
    const { envelopes, options, timers, transport } = around;
    this.around = around;
    this.name = name;
    this.listener = listener;
    this.reader = new StreamReader(envelopes.opening(), timers, (message) => this.receiveAnswer(message));
    this.stream = transport.openStream({ address, port }, options.probeTimeoutMs, this);
    this.timer = timers.after(2 * options.probeTimeoutMs, () => this.finish());
  }

  abandon(): void {
    this.finished = true;
    this.timer.cancel();
    this.reader?.stop();
    this.stream.destroy();
  }

  opened(): void {
    const { envelopes, metrics } = this.around;
    const sequence = 0; // The answer comes over the stream: nobody else is waiting for it.
    const ping = encodeMessage({ ...composePing(this.around, sequence, this.name), hold: true });
    const bytes = sealStreamMessage(ping, envelopes.sealing());
    metrics.increment("memberlist.tcp.connect");
    metrics.increment("memberlist.tcp.sent", bytes.length);
    this.stream.write(bytes);
  }

  /** Nothing follows the ack: whoever sends more is none of ours. */
  received(bytes: Uint8Array): void {
    if (this.reader === undefined) this.finish();
    else this.reader.push(bytes);
  }

  ended(): void {
    this.finish();
  }

  closed(): void {
    this.finish();
  }

  private receiveAnswer(message: StreamMessage | Rejected): void {
    if (isRejected(message) || message.kind !== "ack" || message.payload[0] !== heldPayload[0]) {
      this.finish();
      return;
    }
    this.timer.cancel();
    this.reader = undefined;
    this.stream.stayIdle();
    this.listener.held();
  }

  private finish(): void {
    if (this.finished) return;
    const wasHeld = this.reader === undefined;
    this.abandon();
    if (wasHeld) this.listener.ended();
    else this.listener.declined();
  }
}
