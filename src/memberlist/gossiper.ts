import { Ticker } from "../base/ticker.ts";
import type { Dissemination } from "./dissemination.ts";
import type { Foundations } from "./foundations.ts";
import type { PacketSender } from "./packet-sender.ts";

/** Where newcomers are many: there will be more to put into a packet. */
const crowdedFactor = 4;

export interface GossiperSurroundings extends Foundations {
  readonly packets: PacketSender;
  readonly dissemination: Dissemination;
}

/**
 * Every gossip interval, whatever is still pending goes to a few random members: the reference's way, and the last resort of any other.
 *
 * While nothing is pending there are no intervals: waking up five times a second to find nothing to tell was a quarter of what an idle
 * agent cost. What is queued then starts a new row of them, the first at a random moment of an interval, as it would have been anyway.
 */
export class Gossiper {
  private readonly around: GossiperSurroundings;
  private readonly ticker: Ticker;
  private isStarted = false;
  private hasSkipped = false;

  constructor(around: GossiperSurroundings) {
    this.around = around;
    this.ticker = new Ticker({
      timers: around.timers,
      random: around.random,
      intervalMs: () => this.intervalMs(),
      handleTick: () => this.handleRound(),
    });
    around.dissemination.whenPending(() => {
      if (this.isStarted) this.ticker.start();
    });
  }

  start(): void {
    this.isStarted = true;
    this.ticker.start();
  }

  stop(): void {
    this.isStarted = false;
    this.ticker.stop();
  }

  private intervalMs(): number {
    const { dissemination, options } = this.around;
    if (options.gossipNodes === 0) return 0;
    return options.gossipIntervalMs * (dissemination.isCrowded ? crowdedFactor : 1);
  }

  private handleRound(): void {
    const { clock, dissemination, metrics, options, packets } = this.around;
    // Where copies are held back, a random one now would be in the way just as well. Under a stream of news they always are: never two rounds in a row.
    this.hasSkipped = dissemination.isHoldingBack && !this.hasSkipped;
    if (this.hasSkipped) return;
    const startedMs = clock.monotonicMs();
    for (const member of dissemination.choosePeers(options.gossipNodes)) {
      if (packets.sendBroadcasts(member)) continue;
      if (dissemination.hearsOfAll) this.ticker.stop();
      break;
    }
    metrics.sample("memberlist.gossip", clock.monotonicMs() - startedMs);
  }
}
