import { formatEndpoint } from "../base/address.ts";
import type { Host } from "../base/host.ts";
import { Ticker } from "../base/ticker.ts";
import type { Memberlist } from "../memberlist/memberlist.ts";
import type { Broadcasts } from "./broadcasts.ts";
import type { Membership } from "./membership.ts";
import { encodeSerfMessage } from "./messages.ts";
import type { SerfOptions } from "./options.ts";
import { decideReconnect } from "./reconnector.ts";
import type { Recovery } from "./recovery.ts";

export interface UpkeepParts {
  readonly options: SerfOptions;
  readonly membership: Membership;
  readonly memberlist: Memberlist;
  readonly broadcasts: Broadcasts;
  readonly recovery: Recovery | undefined;
}

/** What a node does again and again while it runs, whatever else happens. */
export class Upkeep {
  private readonly parts: UpkeepParts;
  private readonly host: Host;
  private readonly tickers: readonly Ticker[];

  constructor(parts: UpkeepParts, host: Host) {
    this.parts = parts;
    this.host = host;
    const { reapIntervalMs, reconnectIntervalMs, queueCheckIntervalMs } = parts.options;
    const { timers, random } = host;
    const every = (intervalMs: number, handleTick: () => void) =>
      new Ticker({ timers, random, intervalMs: () => intervalMs, handleTick });
    this.tickers = [
      every(reapIntervalMs, () => this.handleReap()),
      every(reconnectIntervalMs, () => this.handleReconnect()),
      every(queueCheckIntervalMs, () => this.handleQueueCheck()),
    ];
  }

  start(): void {
    for (const ticker of this.tickers) ticker.start();
  }

  stop(): void {
    for (const ticker of this.tickers) ticker.stop();
  }

  private handleReap(): void {
    const { recentIntentTimeoutMs, reconnectTimeoutMs, tombstoneTimeoutMs, overrideReconnectTimeout } =
      this.parts.options;
    const { membership, broadcasts } = this.parts;
    membership.reap({
      intentMs: recentIntentTimeoutMs,
      failedMs: reconnectTimeoutMs,
      leftMs: tombstoneTimeoutMs,
      override: overrideReconnectTimeout,
    });
    for (const intent of membership.overdueLeaves()) broadcasts.intents.queue({ message: encodeSerfMessage(intent) });
  }

  private handleReconnect(): void {
    const { membership, memberlist, recovery } = this.parts;
    recovery?.handleRetry();
    const failed = membership.withStatus("failed");
    if (failed.length === 0) return;
    const goneCount = failed.length + membership.withStatus("left").length;
    const target = decideReconnect(failed, membership.size - goneCount, this.host.random);
    if (target === undefined) {
      this.host.logger.log("DEBUG", "serf: forgoing reconnect for random throttling");
      return;
    }
    const address = formatEndpoint(target);
    this.host.logger.log("INFO", `serf: attempting reconnect to ${target.name} ${address}`);
    // Not a join of Serf's: nobody asked for it, so what it brings is replayed, and no join is announced.
    memberlist.join([`${target.name}/${address}`], () => undefined);
  }

  private handleQueueCheck(): void {
    const { options, membership, broadcasts } = this.parts;
    const { queueDepthWarning, queueDepthMax, queueDepthMin } = options;
    const depthMax = queueDepthMin > 0 ? Math.max(queueDepthMin, 2 * membership.size) : queueDepthMax;
    broadcasts.checkDepths(queueDepthWarning, depthMax);
  }
}
