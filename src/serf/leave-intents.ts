import type { Host } from "../base/host.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { Membership } from "./membership.ts";
import { encodeSerfMessage } from "./messages.ts";

export interface LeaveIntentsParts {
  readonly membership: Membership;
  readonly broadcasts: Broadcasts;
  readonly nodeName: string;
  /** How long to wait until an intent is gossiped. */
  readonly broadcastTimeoutMs: number;
  readonly gossipIntervalMs: number;
}

/**
 * By so many intervals of gossip this node's intent goes ahead of memberlist's word that it is gone. Sent at once, both may lie in a receiver's
 * queue together, and the reference takes the last first: it would see a failure. By its own timers they are as far apart.
 */
const headStartIntervals = 2;

/** Announces that a member leaves: this node of itself, or an operator of one that failed. */
export class LeaveIntents {
  private readonly parts: LeaveIntentsParts;
  private readonly host: Host;

  constructor(parts: LeaveIntentsParts, host: Host) {
    this.parts = parts;
    this.host = host;
  }

  /** Announces that this node leaves; `done` is called once the others may hear that it is gone, with false if the intent was not gossiped in time. */
  announceOwn(done: (told: boolean) => void): void {
    const { membership, nodeName, gossipIntervalMs } = this.parts;
    const headStartMs = membership.hasOthersAlive() ? headStartIntervals * gossipIntervalMs : 0;
    const sentAtMs = this.host.clock.monotonicMs();
    this.announce(nodeName, false, (told) => {
      const leftMs = headStartMs - (this.host.clock.monotonicMs() - sentAtMs);
      if (!told || leftMs <= 0) done(told);
      else this.host.timers.after(leftMs, () => done(told));
    });
  }

  /**
   * Follows the intent here and gossips it. `done` is called once, with false if it was not gossiped in time; at once where nobody
   * else is alive to be told.
   */
  announce(node: string, prune: boolean, done: (told: boolean) => void): void {
    const { membership, broadcasts, broadcastTimeoutMs } = this.parts;
    const intent = { kind: "leave", lamportTime: membership.clock.time, node, prune } as const;
    membership.receiveLeaveIntent(intent);
    if (!membership.hasOthersAlive()) {
      done(true);
      return;
    }
    let isDone = false;
    const finish = (told: boolean) => {
      if (isDone) return;
      isDone = true;
      timer.cancel();
      done(told);
    };
    const timer = this.host.timers.after(broadcastTimeoutMs, () => finish(false));
    broadcasts.intents.queue({ message: encodeSerfMessage(intent), finished: () => finish(true) });
  }
}
