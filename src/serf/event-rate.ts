import type { Clock } from "../base/host.ts";

/** What a node knows of its cluster when it decides how fast it may send user events. */
export interface EventRateView {
  /** Other members that are alive. */
  readonly others: number;
  /** Whether all of them are known to pull what they miss. Others forget an event when the clock is 512 times further. */
  readonly allPull: boolean;
  /** For so many Lamport times they remember events, and can be brought what they miss. */
  readonly bufferLength: number;
  /** To the farthest member, in milliseconds, as far as is known. */
  readonly roundTripMs: number;
  /** Events a second, as the option says. */
  readonly perSecondMax: number;
  /** Packets a second that this node sends at most. */
  readonly packetsPerSecondMax: number;
}

/** For so many Lamport times the reference takes an event. */
const referenceWindow = 512;
/** A burst's packets are sent again within 30 ms; the rest is for a receiver that gets no CPU for a moment: then it takes the newest first. */
const resendSpanMs = 128;
/**
 * For whoever pulls what it misses: time for two exchanges, the first with a member that does not answer. Members that get too little CPU drop packets for seconds,
 * and what the clock leaves further behind than they remember is lost to them.
 */
const pullSpanMs = 6_000;
/** By how many round-trip times a packet may come later than another, retransmissions of other nodes included. */
const roundTrips = 3.6;
/** Events of usual size in a packet, and how often it is sent. */
const eventsPerPacket = 16;
const sendsPerPacket = 3;
/** As the eager dissemination does: to all by oneself up to so many, beyond that by two steps. */
const directMax = 63;
const perSecondMin = 64;
const intervalMs = 50;
/** A burst begins at this share of the limit, and doubles while the cluster has room. */
const startShare = 1 / 4;

/** The most events a second that this cluster can take, from all its nodes together. */
export function clusterEventsPerSecond(view: EventRateView): number {
  const { others, allPull, bufferLength, roundTripMs, perSecondMax, packetsPerSecondMax } = view;
  const targets = others <= directMax ? others : 2 * Math.ceil(Math.sqrt(others));
  const byPackets = (packetsPerSecondMax * eventsPerPacket) / (sendsPerPacket * Math.max(1, targets));
  const byMemory = (bufferLength * 1000) / pullSpanMs;
  const byWindow = allPull
    ? Number.POSITIVE_INFINITY
    : (referenceWindow * 1000) / (resendSpanMs + roundTrips * roundTripMs);
  return Math.min(perSecondMax, Math.max(perSecondMin, Math.min(byPackets, byMemory, byWindow)));
}

/**
 * This node's share of it. Nodes that send at the same time hear each other's events: each measures what all send together, and lowers or
 * raises its own rate in proportion, so that the sum meets the limit and shares stay even.
 */
export class EventRate {
  private readonly clock: Clock;
  private readonly view: () => EventRateView;
  private perSecond = 0;
  private sinceMs = Number.NEGATIVE_INFINITY;
  private own = 0;
  private foreign = 0;

  constructor(clock: Clock, view: () => EventRateView) {
    this.clock = clock;
    this.view = view;
  }

  noteOwn(): void {
    this.own += 1;
  }

  noteForeign(): void {
    this.foreign += 1;
  }

  /** Events a second, for now. Asked again and again while events wait. */
  current(): number {
    const nowMs = this.clock.monotonicMs();
    const passedMs = nowMs - this.sinceMs;
    if (passedMs < intervalMs) return this.perSecond;
    const limit = clusterEventsPerSecond(this.view());
    const isNewBurst = passedMs > 20 * intervalMs || this.own === 0;
    const total = ((this.own + this.foreign) / passedMs) * 1000;
    const wished = isNewBurst ? limit * startShare : (this.perSecond * limit) / Math.max(total, 1);
    const rising = isNewBurst ? wished : Math.min(wished, this.perSecond * 2);
    this.perSecond = Math.min(limit, Math.max(perSecondMin, limit / 64, rising));
    this.sinceMs = nowMs;
    this.own = 0;
    this.foreign = 0;
    return this.perSecond;
  }
}
