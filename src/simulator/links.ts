import type { Random } from "../base/host.ts";

/** One way that nothing passes. */
interface Cut {
  readonly from: ReadonlySet<string>;
  readonly to: ReadonlySet<string>;
}

/** What the network does to what is sent: how long it takes, how much of it is lost, who does not reach whom. */
export class Links {
  /** One way, for packets and streams. */
  latencyMs = 0.5;
  /** The share of packets lost, in [0, 1]. Streams are not touched: they would send again. */
  loss = 0;
  private readonly random: Random;
  private cuts: Cut[] = [];

  constructor(random: Random) {
    this.random = random;
  }

  /** Nothing passes from an address of `from` to one of `to` any more; the way back stays as it is. */
  cut(from: Iterable<string>, to: Iterable<string>): void {
    this.cuts.push({ from: new Set(from), to: new Set(to) });
  }

  heal(): void {
    this.cuts = [];
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.some((cut) => cut.from.has(from) && cut.to.has(to));
  }

  /** Decides the fate of one packet. */
  losesPacket(from: string, to: string): boolean {
    if (this.loss > 0 && this.random.fraction() < this.loss) return true;
    return this.cuts.length > 0 && this.isCut(from, to);
  }
}
