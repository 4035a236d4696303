import type { Random } from "../base/host.ts";
import { drawLatencyMs } from "./latency.ts";
import { checkConditions, fairConditions, type LinkConditions } from "./link-conditions.ts";

/** IP and UDP headers, without which a packet's bytes do not travel. */
const headerBytes = 28;
/** A segment that was sent again so often gets through: TCP would give up after minutes, and its users do before. */
const resendsMax = 6;
const resendAfterMs = 200;
/** A stream that is to break does so after at most so many bytes. */
const breakBytesMax = 65_536;

/** Addresses; undefined means any. */
type Group = ReadonlySet<string> | undefined;

interface Rule {
  readonly from: Group;
  readonly to: Group;
  readonly conditions: Partial<LinkConditions>;
}

/** How a stream ends that was drawn to break. */
export interface Break {
  readonly afterBytes: number;
  /** Both sides are told; otherwise neither is, and bytes vanish. */
  readonly isReset: boolean;
}

/** What the network has done so far. */
export interface TrafficCounts {
  packets: number;
  packetBytes: number;
  lost: number;
  cut: number;
  duplicated: number;
  reordered: number;
  tooLong: number;
  queueFull: number;
  streams: number;
  streamBytes: number;
  streamsBroken: number;
}

/**
 * What the network does to what is sent: how long it takes, how much of it is lost, who does not reach whom. Everything random
 * is drawn here, from one seeded source; what is switched off draws nothing.
 */
export class Links {
  readonly counts: TrafficCounts = {
    ...{ packets: 0, packetBytes: 0, lost: 0, cut: 0, duplicated: 0, reordered: 0, tooLong: 0, queueFull: 0 },
    ...{ streams: 0, streamBytes: 0, streamsBroken: 0 },
  };
  private readonly random: Random;
  private base = fairConditions;
  private rules: readonly Rule[] = [];
  /** With rules: what they come to, by sender and receiver. */
  private readonly combined = new Map<string, Map<string, LinkConditions>>();
  private cuts: { readonly from: Group; readonly to: Group }[] = [];
  private rejections: { readonly from: Group; readonly to: Group }[] = [];
  /** Until when a sender's link is busy with what was sent already. */
  private readonly busyUntilMs = new Map<string, number>();

  constructor(random: Random) {
    this.random = random;
  }

  /** Of all links, but for what rules say. Throws INVALID_OPTION. */
  set(conditions: Partial<LinkConditions>): void {
    checkConditions(conditions);
    this.base = { ...this.base, ...conditions };
    this.combined.clear();
  }

  /** Of the links from one group to another, one way. Later rules win. Throws INVALID_OPTION. */
  addRule(
    from: Iterable<string> | undefined,
    to: Iterable<string> | undefined,
    conditions: Partial<LinkConditions>,
  ): void {
    checkConditions(conditions);
    this.rules = [...this.rules, { from: from && new Set(from), to: to && new Set(to), conditions }];
    this.combined.clear();
  }

  clearRules(): void {
    this.rules = [];
    this.combined.clear();
  }

  /** Nothing passes from an address of `from` to one of `to` any more; the way back stays as it is. */
  cut(from: Iterable<string>, to: Iterable<string>): void {
    this.cuts.push({ from: new Set(from), to: new Set(to) });
  }

  /**
   * A firewall turns away, and says so, what comes from an address of `from` to one of `to`: packets are lost, streams refused. The way back
   * stays as it is.
   */
  reject(from: Iterable<string>, to: Iterable<string>): void {
    this.rejections.push({ from: new Set(from), to: new Set(to) });
  }

  /** Takes back every cut and rejection. */
  heal(): void {
    this.cuts = [];
    this.rejections = [];
  }

  isRejected(from: string, to: string): boolean {
    return this.rejections.length > 0 && this.rejections.some((rule) => isIn(from, rule.from) && isIn(to, rule.to));
  }

  /** The addresses that are turned away from there. */
  rejectedFrom(to: string): ReadonlySet<string> {
    const rules = this.rejections.filter((rule) => isIn(to, rule.to));
    return new Set(rules.flatMap(({ from }) => [...(from ?? [])]));
  }

  /** Nothing is wrong with any link, but that it may be slow, or rejected. */
  get isFair(): boolean {
    const { base } = this;
    const { latency: _, ...fair } = fairConditions;
    const wrong = Object.entries(fair).some(([name, value]) => base[name as keyof LinkConditions] !== value);
    return !wrong && this.cuts.length === 0 && this.rules.length === 0;
  }

  isCut(from: string, to: string): boolean {
    return this.cuts.length > 0 && this.cuts.some((cut) => isIn(from, cut.from) && isIn(to, cut.to));
  }

  /** How long one copy of a packet takes from here on, or undefined if it does not arrive. */
  packetDelayMs(from: string, to: string, bytes: number, nowMs: number): number | undefined {
    const { counts } = this;
    counts.packets++;
    counts.packetBytes += bytes;
    const conditions = this.conditions(from, to);
    if (this.isLost(conditions, bytes)) return undefined;
    if (this.isCut(from, to) || this.isRejected(from, to)) {
      counts.cut++;
      return undefined;
    }
    const waitMs = conditions.bytesPerSecond > 0 ? this.queueMs(from, bytes, conditions, nowMs) : 0;
    if (waitMs === undefined) {
      counts.queueFull++;
      return undefined;
    }
    return waitMs + this.holdBackMs(conditions) + drawLatencyMs(conditions.latency, this.random);
  }

  /** Whether the network makes a second packet of this one. */
  duplicates(from: string, to: string): boolean {
    const isDuplicated = this.happens(this.conditions(from, to).duplication);
    if (isDuplicated) this.counts.duplicated++;
    return isDuplicated;
  }

  /** How long a segment of a stream takes from here on. Streams lose nothing, they wait. */
  segmentDelayMs(from: string, to: string, bytes: number, nowMs: number): number {
    this.counts.streamBytes += bytes;
    const conditions = this.conditions(from, to);
    let delayMs = drawLatencyMs(conditions.latency, this.random);
    for (let resends = 0; resends < resendsMax && this.happens(conditions.streamLoss); resends++)
      delayMs += resendAfterMs * 2 ** resends;
    if (this.happens(conditions.streamStalls)) delayMs += this.random.fraction() * conditions.streamStallMs;
    if (conditions.bytesPerSecond > 0) delayMs += this.occupyMs(from, bytes, conditions, nowMs);
    return delayMs;
  }

  /** Whether and how a stream that opens now will break. */
  breakOf(from: string, to: string): Break | undefined {
    this.counts.streams++;
    if (!this.happens(this.conditions(from, to).streamBreaks)) return undefined;
    this.counts.streamsBroken++;
    // Short and long ones alike: the logarithm is what is uniform.
    const afterBytes = Math.floor(breakBytesMax ** this.random.fraction()) - 1;
    return { afterBytes, isReset: this.random.fraction() < 0.5 };
  }

  /** How long a word of the kernel's takes: a connection asked for or refused, an end. */
  latencyMs(from: string, to: string): number {
    return drawLatencyMs(this.conditions(from, to).latency, this.random);
  }

  private conditions(from: string, to: string): LinkConditions {
    return this.rules.length === 0 ? this.base : this.combine(from, to);
  }

  private combine(from: string, to: string): LinkConditions {
    let ofSender = this.combined.get(from);
    if (ofSender === undefined) {
      ofSender = new Map();
      this.combined.set(from, ofSender);
    }
    let conditions = ofSender.get(to);
    if (conditions === undefined) {
      const matching = this.rules.filter((rule) => isIn(from, rule.from) && isIn(to, rule.to));
      conditions = Object.assign({}, this.base, ...matching.map((rule) => rule.conditions)) as LinkConditions;
      ofSender.set(to, conditions);
    }
    return conditions;
  }

  private isLost({ loss, mtuBytes, dropsFragments }: LinkConditions, bytes: number): boolean {
    const { counts } = this;
    const fragments = mtuBytes === 0 ? 1 : Math.ceil((bytes + headerBytes) / mtuBytes);
    if (fragments > 1 && dropsFragments) {
      counts.tooLong++;
      return true;
    }
    for (let fragment = 0; fragment < fragments; fragment++) {
      if (!this.happens(loss)) continue;
      counts.lost++;
      return true;
    }
    return false;
  }

  private holdBackMs({ reordering, reorderingMs }: LinkConditions): number {
    if (!this.happens(reordering)) return 0;
    this.counts.reordered++;
    return this.random.fraction() * reorderingMs;
  }

  private queueMs(from: string, bytes: number, conditions: LinkConditions, nowMs: number): number | undefined {
    const waitingMs = Math.max(0, (this.busyUntilMs.get(from) ?? 0) - nowMs);
    const waitingBytes = (waitingMs / 1000) * conditions.bytesPerSecond;
    return waitingBytes + bytes > conditions.queueBytesMax ? undefined : this.occupyMs(from, bytes, conditions, nowMs);
  }

  private occupyMs(from: string, bytes: number, { bytesPerSecond }: LinkConditions, nowMs: number): number {
    const freeAtMs = Math.max(nowMs, this.busyUntilMs.get(from) ?? 0);
    const doneAtMs = freeAtMs + ((bytes + headerBytes) / bytesPerSecond) * 1000;
    this.busyUntilMs.set(from, doneAtMs);
    return doneAtMs - nowMs;
  }

  private happens(share: number): boolean {
    return share > 0 && this.random.fraction() < share;
  }
}

function isIn(address: string, group: Group): boolean {
  return group === undefined || group.has(address);
}
