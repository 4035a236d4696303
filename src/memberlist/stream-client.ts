import type { Endpoint } from "../base/address.ts";
import type { Stream, StreamHandler, Timer, TransportFailure } from "../base/host.ts";
import { isRejected, type Rejected } from "../base/rejected.ts";
import type { StreamMessage } from "../wire/messages.ts";
import { sealStreamMessage } from "../wire/stream-envelope.ts";
import type { Foundations } from "./foundations.ts";
import { StreamReader } from "./stream-reader.ts";

export interface StreamFailure {
  readonly kind: "failed";
  readonly reason: string;
  readonly failure: TransportFailure | undefined;
  /** Whether the stream had come about before it failed. */
  readonly opened: boolean;
}

export type StreamOutcome =
  | { readonly kind: "reply"; readonly message: StreamMessage }
  /** The peer took everything and closed without a word. */
  | { readonly kind: "closed" }
  | StreamFailure;

export interface StreamRequest {
  readonly to: Endpoint;
  /** Called once the stream is open: type byte and body of the one message to send. */
  compose(): Uint8Array;
  /** False: the peer is expected to take the message and close. */
  readonly answered: boolean;
  /** Holds for connecting, and from then on once more for everything else. */
  readonly limitMs: number;
  /** Called once, never synchronously. */
  done(outcome: StreamOutcome): void;
}

/** A conversation over a stream that this node begins: one message out, and at most one back. */
export class StreamConversation implements StreamHandler {
  private readonly around: Foundations;
  private readonly request: StreamRequest;
  private readonly reader: StreamReader;
  private readonly stream: Stream;
  private timer: Timer | undefined;
  private open = false;
  private finished = false;

  constructor(around: Foundations, request: StreamRequest) {
    this.around = around;
    this.request = request;
    this.reader = new StreamReader(around.envelopes.opening(), around.timers, (message) => this.receiveAnswer(message));
    this.stream = around.transport.openStream(request.to, request.limitMs, this);
  }

  get isOpen(): boolean {
    return this.open;
  }

  /** Drops the stream; `done` is not called any more. */
  abandon(): void {
    if (this.finished) return;
    this.finished = true;
    this.timer?.cancel();
    this.reader.stop();
    this.stream.destroy();
  }

  opened(): void {
    const { envelopes, metrics, timers } = this.around;
    this.open = true;
    metrics.increment("memberlist.tcp.connect");
    this.timer = timers.after(this.request.limitMs, () => this.fail("i/o timeout", { kind: "timeout", detail: "" }));
    const bytes = sealStreamMessage(this.request.compose(), envelopes.sealing());
    metrics.increment("memberlist.tcp.sent", bytes.length);
    this.stream.write(bytes);
    // Without an answer to wait for, the end of the message is the end of the conversation.
    if (!this.request.answered) this.stream.end();
  }

  received(bytes: Uint8Array): void {
    if (this.finished || !this.request.answered) return;
    this.reader.push(bytes);
  }

  ended(): void {
    if (this.finished || !this.request.answered) return;
    this.reader.end();
  }

  closed(failure?: TransportFailure): void {
    if (this.finished) return;
    if (failure !== undefined) this.fail(failure.detail, failure);
    else if (this.request.answered) this.reader.end();
    else this.finish({ kind: "closed" });
  }

  private receiveAnswer(message: StreamMessage | Rejected): void {
    const { receivedBytes } = this.reader;
    if (isRejected(message)) {
      // A peer that refuses without a word, for a wrong label or for too much to do, closes the stream.
      this.fail(receivedBytes === 0 ? "EOF" : message.detail, undefined);
      return;
    }
    if (message.kind === "push-pull") this.around.metrics.sample("memberlist.size.remote", receivedBytes);
    this.finish({ kind: "reply", message });
  }

  private fail(reason: string, failure: TransportFailure | undefined): void {
    this.finish({ kind: "failed", reason, failure, opened: this.open });
  }

  private finish(outcome: StreamOutcome): void {
    this.finished = true;
    this.timer?.cancel();
    this.reader.stop();
    this.stream.destroy();
    this.request.done(outcome);
  }
}
