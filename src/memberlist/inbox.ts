import type { Endpoint } from "../base/address.ts";
import type { Timers } from "../base/host.ts";
import type { Alive, Dead, Suspect, User } from "../wire/messages.ts";

/** What can wait a moment; pings and acks cannot. */
export type InboxMessage = Alive | Suspect | Dead | User;

export interface InboxOptions {
  /** How many alive messages, and how many of the others, may wait. */
  readonly lengthMax: number;
  readonly timers: Timers;
  handle(from: Endpoint, message: InboxMessage): void;
  /** The inbox was full, and the message is lost. */
  overflowed(from: Endpoint, message: InboxMessage): void;
}

interface Entry {
  readonly from: Endpoint;
  readonly message: InboxMessage;
}

/** So many messages are handled in one go; then whatever else the event loop has to do comes first. */
const drainMax = 256;

/**
 * The hand-off between the network and the slower part of the protocol. Under a flood of gossip a node must still answer
 * pings in time, or it is suspected for being busy: messages are put aside here, and a timer of no delay takes them up
 * after the packets that are already waiting were looked at, a bounded number at a time. Alive messages come first (a
 * refutation should overtake what it refutes), and the newest come first, because they are the ones still true. What comes
 * when the inbox is full is dropped: gossip repeats itself, and push/pull repairs the rest. All as memberlist does it.
 */
export class Inbox {
  private readonly options: InboxOptions;
  private readonly alive: Entry[] = [];
  private readonly others: Entry[] = [];
  private scheduled = false;

  constructor(options: InboxOptions) {
    this.options = options;
  }

  get length(): number {
    return this.alive.length + this.others.length;
  }

  push(from: Endpoint, message: InboxMessage): void {
    const queue = message.kind === "alive" ? this.alive : this.others;
    if (queue.length >= this.options.lengthMax) {
      this.options.overflowed(from, message);
      return;
    }
    queue.push({ from, message });
    this.schedule();
  }

  /** Forgets everything that waits. */
  clear(): void {
    this.alive.length = 0;
    this.others.length = 0;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.options.timers.after(0, () => this.drain());
  }

  private drain(): void {
    this.scheduled = false;
    for (let handled = 0; handled < drainMax; handled += 1) {
      const entry = this.alive.pop() ?? this.others.pop();
      if (entry === undefined) return;
      this.options.handle(entry.from, entry.message);
    }
    if (this.length > 0) this.schedule();
  }
}
