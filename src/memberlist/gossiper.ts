import { Ticker } from "../base/ticker.ts";
import type { Dissemination } from "./dissemination.ts";
import type { Foundations } from "./foundations.ts";
import type { PacketSender } from "./packet-sender.ts";

export interface GossiperSurroundings extends Foundations {
  readonly packets: PacketSender;
  readonly dissemination: Dissemination;
}

/** Every gossip interval, whatever is still pending goes to a few random members: the reference's way, and the last resort of any other. */
export class Gossiper {
  private readonly around: GossiperSurroundings;
  private readonly ticker: Ticker;

  constructor(around: GossiperSurroundings) {
    this.around = around;
    const { options } = around;
    this.ticker = new Ticker({
      timers: around.timers,
      random: around.random,
      intervalMs: () => (options.gossipNodes > 0 ? options.gossipIntervalMs : 0),
      handleTick: () => this.handleRound(),
    });
  }

  start(): void {
    this.ticker.start();
  }

  stop(): void {
    this.ticker.stop();
  }

  private handleRound(): void {
    const { clock, dissemination, metrics, options, packets, peers } = this.around;
    const startedMs = clock.monotonicMs();
    for (const member of peers.forGossip(options.gossipNodes, (row) => dissemination.mayGossipTo(row))) {
      if (!packets.sendBroadcasts(member)) break;
    }
    metrics.sample("memberlist.gossip", clock.monotonicMs() - startedMs);
  }
}
