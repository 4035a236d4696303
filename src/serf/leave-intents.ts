import type { Host } from "../base/host.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { Membership } from "./membership.ts";
import { encodeSerfMessage } from "./messages.ts";

export interface LeaveIntentsParts {
  readonly membership: Membership;
  readonly broadcasts: Broadcasts;
  /** How long to wait until an intent is gossiped. */
  readonly broadcastTimeoutMs: number;
}

/** Announces that a member leaves: this node of itself, or an operator of one that failed. */
export class LeaveIntents {
  private readonly parts: LeaveIntentsParts;
  private readonly host: Host;

  constructor(parts: LeaveIntentsParts, host: Host) {
    this.parts = parts;
    this.host = host;
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
