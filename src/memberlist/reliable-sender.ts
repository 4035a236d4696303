import type { Endpoint } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import { encodeStreamUserMessage } from "../wire/stream-envelope.ts";
import type { Foundations } from "./foundations.ts";
import { StreamConversation } from "./stream-client.ts";

/** Called once: without an error when the peer has taken the message, otherwise with SEND_FAILED or NOT_RUNNING. */
export type SendDone = (error?: SerfError) => void;

/** Messages of the layer above that go over a stream of their own. */
export class ReliableSender {
  private readonly around: Foundations;
  private readonly running = new Map<StreamConversation, SendDone>();

  constructor(around: Foundations) {
    this.around = around;
  }

  /** `done` is called once the peer has taken the message and closed: once, never synchronously; SEND_FAILED otherwise. */
  send({ address, port }: Endpoint, message: Uint8Array, done: SendDone): void {
    const conversation = new StreamConversation(this.around, {
      to: { address, port },
      compose: () => encodeStreamUserMessage(message),
      answered: false,
      limitMs: this.around.options.streamTimeoutMs,
      done: (outcome) => {
        this.running.delete(conversation);
        done(outcome.kind === "failed" ? new SerfError("SEND_FAILED", outcome.reason) : undefined);
      },
    });
    this.running.set(conversation, done);
  }

  stop(): void {
    const interrupted = [...this.running];
    this.running.clear();
    for (const [conversation, done] of interrupted) {
      conversation.abandon();
      done(new SerfError("NOT_RUNNING", "shut down while sending"));
    }
  }
}
