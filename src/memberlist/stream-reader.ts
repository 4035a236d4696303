import type { Timer, Timers } from "../base/host.ts";
import type { Rejected } from "../base/rejected.ts";
import type { StreamMessage } from "../wire/messages.ts";
import type { Opening } from "../wire/packet-envelope.ts";
import { StreamDecoder } from "../wire/stream-decoder.ts";

/** Reads the one message of a stream. A large one is read in slices, between which other work has its turn. */
export class StreamReader {
  private readonly decoder: StreamDecoder;
  private readonly timers: Timers;
  private readonly done: (message: StreamMessage | Rejected) => void;
  private nextSlice: Timer | undefined;
  private received = 0;
  private hasEnded = false;
  private isDone = false;

  /** `done` is called at most once, from within `push` or `end`, or later. */
  constructor(opening: Opening, timers: Timers, done: (message: StreamMessage | Rejected) => void) {
    this.decoder = new StreamDecoder(opening);
    this.timers = timers;
    this.done = done;
  }

  /** Everything that came in, as long as the message is not whole. */
  get receivedBytes(): number {
    return this.received;
  }

  push(bytes: Uint8Array): void {
    if (this.isDone) return;
    this.received += bytes.length;
    this.decoder.push(bytes);
    this.read();
  }

  /** The peer has sent all it wanted to. */
  end(): void {
    this.hasEnded = true;
    this.read();
  }

  /** `done` is not called any more. */
  stop(): void {
    this.isDone = true;
    this.nextSlice?.cancel();
  }

  private read(): void {
    if (this.isDone || this.nextSlice !== undefined) return;
    const message = this.decoder.next();
    if (message !== undefined) this.finish(message);
    else if (this.decoder.isBusy) {
      this.nextSlice = this.timers.after(0, () => {
        this.nextSlice = undefined;
        this.read();
      });
    } else if (this.hasEnded) {
      const truncated = this.decoder.end();
      if (truncated !== undefined) this.finish(truncated);
    }
  }

  private finish(message: StreamMessage | Rejected): void {
    this.isDone = true;
    this.done(message);
  }
}
