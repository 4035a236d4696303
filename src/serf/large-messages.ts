import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { SerfMember } from "./member.ts";

/** Streams open at once for all messages together; a member that does not answer holds one until the stream timeout. */
const streamsMax = 16;
/** Messages under way or waiting. One more is refused: a burst should be felt by its sender. */
const messagesMax = 64;
const complaintPeriodMs = 60_000;
const complaintSubjectsMax = 64;

export interface LargeMessagesParts {
  /** What a gossip packet can take; keys that are added while the node runs change it. */
  packetBytesMax(): number;
  /** Everybody else who is thought to be there. */
  receivers(): readonly SerfMember[];
  send(to: SerfMember, message: Uint8Array, done: (error?: SerfError) => void): void;
}

interface LargeMessage {
  readonly bytes: Uint8Array;
  readonly receivers: readonly SerfMember[];
  /** Of the receivers: the first that was not tried yet. */
  next: number;
  underWay: number;
}

/**
 * What is too large for gossip. A packet is never divided, so a message longer than one would wait in a queue for ever. It goes to each
 * member over a stream instead, from the node where it began: every memberlist reads user messages from streams. Whoever is missed
 * gets user events by push/pull later, as from the reference.
 */
export class LargeMessages {
  private readonly parts: LargeMessagesParts;
  private readonly host: Host;
  private readonly complaints: RateLimitedLog;
  private readonly messages: LargeMessage[] = [];
  private streams = 0;
  private isStopped = false;

  constructor(parts: LargeMessagesParts, host: Host) {
    this.parts = parts;
    this.host = host;
    const { clock, logger } = host;
    this.complaints = new RateLimitedLog({
      logger,
      clock,
      periodMs: complaintPeriodMs,
      subjectsMax: complaintSubjectsMax,
    });
  }

  /** True for a message that no gossip packet can carry. */
  isLarge(bytes: number): boolean {
    return bytes > this.parts.packetBytesMax();
  }

  /** Throws TOO_MANY_LARGE_MESSAGES if a message of this length could not be sent now. */
  checkRoom(bytes: number): void {
    if (!this.isLarge(bytes) || this.messages.length < messagesMax) return;
    const what = `${messagesMax} messages too large for a packet (${this.parts.packetBytesMax()} bytes) are still being sent`;
    throw new SerfError("TOO_MANY_LARGE_MESSAGES", what);
  }

  send(bytes: Uint8Array): void {
    this.messages.push({ bytes, receivers: this.parts.receivers(), next: 0, underWay: 0 });
    this.proceed();
  }

  /** Begins nothing more. */
  stop(): void {
    this.isStopped = true;
    this.messages.length = 0;
  }

  /** Messages in the order in which they came; receivers of one in any order. */
  private proceed(): void {
    for (const message of this.messages) {
      while (message.next < message.receivers.length && this.streams < streamsMax) {
        this.sendTo(message.receivers[message.next]!, message);
        message.next += 1;
      }
    }
    this.dropFinished();
  }

  private sendTo(receiver: SerfMember, message: LargeMessage): void {
    this.streams += 1;
    message.underWay += 1;
    this.host.metrics.sample("serf.msgs.sent", message.bytes.length);
    this.parts.send(receiver, message.bytes, (error) => {
      this.streams -= 1;
      message.underWay -= 1;
      if (this.isStopped) return;
      if (error !== undefined) this.complain(receiver.name, message.bytes.length, error);
      this.proceed();
    });
  }

  private dropFinished(): void {
    const isPending = ({ next, receivers, underWay }: LargeMessage) => next < receivers.length || underWay > 0;
    const pending = this.messages.filter(isPending);
    this.messages.splice(0, this.messages.length, ...pending);
  }

  private complain(name: string, bytes: number, error: SerfError): void {
    const what = `a message of ${bytes} bytes, too large for gossip, did not reach ${name}: ${error.message}`;
    this.complaints.log("WARN", name, `serf: ${what}`);
  }
}
