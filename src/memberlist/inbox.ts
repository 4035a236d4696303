import type { Endpoint } from "../base/address.ts";
import type { Timers } from "../base/host.ts";
import type { Alive, Dead, Suspect, User } from "../wire/messages.ts";

/** What can wait a moment; pings and acks cannot. */
export type InboxMessage = Alive | Suspect | Dead | User;

export interface InboxOptions {
  /** How many alive messages, how many others about members, and eight times as many messages of the layer above, may wait. */
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
/** So many of them, if there are as many, are messages of the layer above: those about members may come faster than they are handled. */
const usersAtLeast = 64;
/** A packet holds one or a few messages about members, and a dozen or two of a burst of user events. */
const userShare = 8;
/** After so long without any, a message of the layer above is handled at once. As many as this allows cost pings next to nothing. */
const pauseMs = 20;

/**
 * The hand-off between the network and the slower part of the protocol. Under a flood of gossip a node must still answer
 * pings in time, or it is suspected for being busy: messages are put aside here, and a timer of no delay takes them up
 * after the packets that are already waiting were looked at, a bounded number at a time. Alive messages come first (a
 * refutation should overtake what it refutes), and of what is said about members the newest, because it is what is still true. What comes
 * when the inbox is full is dropped: gossip repeats itself, and push/pull repairs the rest. So far as memberlist does it. Messages of the layer
 * above have a queue of their own and keep their order: none makes an older one void, and a burst of them must not cost news of members, nor a
 * flood of these a message of theirs. The first of them after a pause is handled at once, if nothing waits: an event that is one of few is
 * not to wait for a turn of the loop at each node that it comes by.
 */
export class Inbox {
  private readonly options: InboxOptions;
  private readonly alive: Entry[] = [];
  private readonly others: Entry[] = [];
  private users: Entry[] = [];
  /** Of these, from the first on, were handled. */
  private usersHandled = 0;
  private scheduled = false;
  /** When a message of the layer above came last. */
  private lastUserMs = Number.NEGATIVE_INFINITY;

  constructor(options: InboxOptions) {
    this.options = options;
  }

  get length(): number {
    return this.alive.length + this.others.length + this.users.length - this.usersHandled;
  }

  /** `atMs` is the monotonic time of arrival. */
  push(from: Endpoint, message: InboxMessage, atMs: number): void {
    if (message.kind === "user") {
      const isFirst = atMs - this.lastUserMs >= pauseMs && this.length === 0;
      this.lastUserMs = atMs;
      if (isFirst) {
        this.options.handle(from, message);
        return;
      }
    }
    const queue = this.queueOf(message);
    const { lengthMax } = this.options;
    if (queue.length >= (message.kind === "user" ? lengthMax * userShare : lengthMax)) {
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
    this.users = [];
    this.usersHandled = 0;
  }

  private queueOf({ kind }: InboxMessage): Entry[] {
    if (kind === "user") return this.users;
    return kind === "alive" ? this.alive : this.others;
  }

  private schedule(): void {
    if (this.scheduled) return;
    this.scheduled = true;
    this.options.timers.after(0, () => this.drain());
  }

  private drain(): void {
    this.scheduled = false;
    const membersMax = drainMax - Math.min(this.users.length, usersAtLeast);
    let handled = 0;
    for (; handled < membersMax; handled++) {
      const entry = this.alive.pop() ?? this.others.pop();
      if (entry === undefined) break;
      this.options.handle(entry.from, entry.message);
    }
    for (; handled < drainMax && this.usersHandled < this.users.length; handled++) {
      const entry = this.users[this.usersHandled++]!;
      this.options.handle(entry.from, entry.message);
    }
    this.users.splice(0, this.usersHandled);
    this.usersHandled = 0;
    if (this.length > 0) this.schedule();
  }
}
