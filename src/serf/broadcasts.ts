import type { Host } from "../base/host.ts";
import { BroadcastQueue, type QueuedListener } from "../memberlist/broadcast-queue.ts";
import { LargeMessages, type LargeMessagesParts } from "./large-messages.ts";

/** A bound for the time between two checks of the depth, when a burst can be longer than the limit. */
const lengthMax = 16_384;
/** Of events, more than any gossip can carry in time: whoever misses one that was dropped here pulls it. */
const eventsMax = 1_024;
/**
 * What waits to be sent at once is 4,096 messages at most, and takes a tenth of a second to leave. A guess: the dissemination, which knows
 * when it has room, says so only when something is queued.
 */
const crowdedMs = 150;

export interface BroadcastsOptions extends LargeMessagesParts {
  nodeCount(): number;
  readonly retransmitMult: number;
}

/**
 * What Serf has to tell, in three queues: intents go before queries, and queries before user events, so that a burst of events
 * does not delay the news of who is leaving. What no packet can take goes by streams.
 */
export class Broadcasts {
  readonly intents: BroadcastQueue;
  readonly queries: BroadcastQueue;
  readonly events: BroadcastQueue;
  private readonly inOrder: readonly BroadcastQueue[];
  private readonly large: LargeMessages;
  private queued: QueuedListener = () => 0;
  private eventsLeaveAtOnce = false;
  private crowdedUntilMs = Number.NEGATIVE_INFINITY;
  private readonly host: Host;

  constructor(options: BroadcastsOptions, host: Host) {
    const createQueue = (max: number) =>
      new BroadcastQueue({ ...options, nodeCount: () => options.nodeCount(), lengthMax: max });
    this.intents = createQueue(lengthMax);
    this.queries = createQueue(lengthMax);
    this.events = createQueue(eventsMax);
    this.inOrder = [this.intents, this.queries, this.events];
    this.large = new LargeMessages(options, host);
    this.host = host;
  }

  /** Has `listener` told of what is queued, in any of the three. */
  whenQueued(listener: QueuedListener): void {
    this.intents.whenQueued(listener);
    this.queries.whenQueued(listener);
    this.events.whenQueued((broadcast) => {
      const transmits = listener(broadcast);
      // What others began is passed on by whoever is to, and says nothing of that.
      if (broadcast.origin !== "elsewhere") this.noteLeft(transmits > 0);
      return transmits;
    });
    this.queued = listener;
  }

  /** Whether one more event that begins here is going to leave: at once, or from the queue before it is dropped. */
  get hasRoomForEvent(): boolean {
    const leavesAtOnce = this.eventsLeaveAtOnce && this.host.clock.monotonicMs() >= this.crowdedUntilMs;
    return leavesAtOnce || this.events.length < eventsMax;
  }

  /** Whether what is sent at once has no room left, or nothing is sent so, shows a moment later: by then some has left. */
  private noteLeft(atOnce: boolean): void {
    const nowMs = this.host.clock.monotonicMs();
    if (atOnce) {
      this.eventsLeaveAtOnce = true;
      this.crowdedUntilMs = Number.NEGATIVE_INFINITY;
    } else if (this.crowdedUntilMs === Number.NEGATIVE_INFINITY) this.crowdedUntilMs = nowMs + crowdedMs;
    else if (nowMs >= this.crowdedUntilMs) this.eventsLeaveAtOnce = false;
  }

  /** Has an event that began here sent once more, at once if events are; it is not queued again. */
  sendAgain(message: Uint8Array): void {
    this.queued({ message });
  }

  /** Whether the message goes to each member over a stream, since no packet can take it. */
  isLarge(message: Uint8Array): boolean {
    return this.large.isLarge(message.length);
  }

  /** Throws TOO_MANY_LARGE_MESSAGES if a message of this length cannot be sent now: ask before anybody is told of it. */
  checkRoom(bytes: number): void {
    this.large.checkRoom(bytes);
  }

  /** Sends a message that began here to everybody. */
  send(queue: BroadcastQueue, message: Uint8Array): void {
    if (this.large.isLarge(message.length)) this.large.send(message);
    else queue.queue({ message });
  }

  /** Passes on a message that another node began. One that no packet can take its sender brings to everybody. */
  passOn(queue: BroadcastQueue, message: Uint8Array, isArrival = false): void {
    if (!this.large.isLarge(message.length)) queue.queue({ message, origin: "elsewhere", isArrival });
  }

  stop(): void {
    this.large.stop();
  }

  /** Messages for one packet, at most `bytesMax` together, each costing `overheadBytes` besides its own length. */
  take(overheadBytes: number, bytesMax: number): Uint8Array[] {
    const messages: Uint8Array[] = [];
    let bytesLeft = bytesMax;
    for (const queue of this.inOrder) {
      if (queue.length === 0) continue;
      for (const message of queue.take(overheadBytes, bytesLeft)) {
        bytesLeft -= overheadBytes + message.length;
        this.host.metrics.sample("serf.msgs.sent", message.length);
        messages.push(message);
      }
    }
    return messages;
  }

  /** Measures the queues, warns of long ones, and cuts those beyond the limit. */
  checkDepths(depthWarning: number, depthMax: number): void {
    this.checkDepth("Intent", this.intents, depthWarning, depthMax);
    this.checkDepth("Event", this.events, depthWarning, depthMax);
    this.checkDepth("Query", this.queries, depthWarning, depthMax);
  }

  private checkDepth(name: string, queue: BroadcastQueue, depthWarning: number, depthMax: number): void {
    const depth = queue.length;
    this.host.metrics.sample(`serf.queue.${name}`, depth);
    if (depth >= depthWarning) this.host.logger.log("WARN", `serf: ${name} queue depth: ${depth}`);
    if (depth > depthMax) {
      this.host.logger.log(
        "WARN",
        `serf: ${name} queue depth (${depth}) exceeds limit (${depthMax}), dropping messages!`,
      );
      queue.prune(depthMax);
    }
  }
}
