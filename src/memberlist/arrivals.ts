import type { Timer } from "../base/host.ts";
import type { Broadcast } from "./broadcast-queue.ts";
import type { Descriptor } from "./directory.ts";
import type { DisseminationSurroundings } from "./dissemination-policy.ts";
import { retransmitLimit } from "./scaling.ts";

/** So many newcomers are told at once, each by itself. */
const fewMax = 4;
/** After so long without a newcomer the next is one of few again. Long, since machines that are busy starting hear of them late. */
const forgetMs = 10_000;
/** What waits until the last has come waits so long after each. */
const calmMs = 1_000;
/** And so long at most. */
const crowdMs = 15_000;
/** Up to so many members are told by whom the newcomers have joined; in larger clusters newcomers are told as any other news. */
const directMax = 256;
/** How many transmissions are left to the gossiper then. */
const copies = 4;

/**
 * Newcomers, where many come at one moment: as when a whole cluster starts. To tell of each at once takes a packet to every node for every
 * newcomer, which is more than machines can handle that are busy starting. So whoever is joined by many collects them for a gossip interval, and tells
 * all members itself, in full packets; whoever is told leaves a few copies to the gossiper, for what is lost.
 *
 * What newcomers themselves say of their joining is never urgent: who is told of a newcomer sees it.
 */
export class Arrivals {
  private readonly around: DisseminationSurroundings;
  /** Since the last was forgotten. */
  private count = 0;
  private beganMs = 0;
  private latestMs = Number.NEGATIVE_INFINITY;
  private waiting: Uint8Array[] = [];
  private timer: Timer | undefined;

  constructor(around: DisseminationSurroundings) {
    this.around = around;
  }

  /** More have come than are told one by one, and more are to be expected. */
  get areMany(): boolean {
    if (this.count <= fewMax || this.around.table.length > directMax) return false;
    const nowMs = this.around.clock.monotonicMs();
    return nowMs - this.latestMs < calmMs && nowMs - this.beganMs < crowdMs;
  }

  /**
   * News of a newcomer was queued. Returns how many transmissions to count for what is done about it here; undefined if it is to be told as any
   * other news. `isOurs`: others hear of this newcomer from this node.
   */
  queued({ message }: Broadcast, isUser: boolean, isOurs: boolean): number | undefined {
    if (isUser) return 0;
    const { options, table, timers } = this.around;
    this.countOne();
    if (this.count <= fewMax || table.length > directMax) return undefined;
    if (isOurs) {
      this.waiting.push(message);
      this.timer ??= timers.after(options.gossipIntervalMs, () => this.tell());
    }
    return Math.max(0, retransmitLimit(options.retransmitMult, table.length) - copies);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.waiting = [];
  }

  private countOne(): void {
    const nowMs = this.around.clock.monotonicMs();
    if (nowMs - this.latestMs >= forgetMs) {
      this.count = 0;
      this.beganMs = nowMs;
    }
    this.latestMs = nowMs;
    this.count += 1;
  }

  private tell(): void {
    const { packets } = this.around;
    this.timer = undefined;
    const others = this.others();
    while (this.waiting.length > 0)
      packets.sendToAll(others, this.waiting.splice(0, packets.countFitting(this.waiting)));
  }

  private others(): readonly Descriptor[] {
    const { options, table } = this.around;
    const others: Descriptor[] = [];
    for (let row = 0; row < table.length; row++) {
      const descriptor = table.descriptorOf(row);
      if (table.isLiving(row) && descriptor.name !== options.nodeName) others.push(descriptor);
    }
    return others;
  }
}
