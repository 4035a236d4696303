import type { Timer } from "../base/host.ts";
import { TokenBucket } from "../base/token-bucket.ts";
import type { DisseminationSurroundings } from "./dissemination-policy.ts";
import type { Hostmates } from "./hostmates.ts";
import type { Member } from "./member.ts";
import { retransmitLimit } from "./scaling.ts";

/** When rounds take place after the first one, each a quarter earlier or later. */
const laterRoundsMs = [4, 12, 36] as const;
const jitter = 0.25;
const firstRoundMax = 6;
const laterRoundsTotalMax = 8;
/** Where an origin tells everybody itself, it has told all after so long at most: some time to begin with, and some for each of them. */
const toldAfterMs = { least: 3, perNode: 0.1 } as const;
/** Members on one host share its processors, and lose nothing on the way: so long each of them may take to be told. In all, half of a gossip interval of a LAN. */
const perHostmateMs = 1;
const hostmatesMaxMs = 100;
/** After this share of that time whatever wakes a node that was told by its origin has it send copies: before the origin's own reach it, which are later than all of it. */
const awakeShare = 0.5;

/**
 * When the first round takes place. "now": the tree may have missed many. "soon": the origin is telling everybody itself, and would only be held up.
 * "never": this node has just told everybody. Among members on one host it is later.
 */
export type FirstRound = "now" | "soon" | "never";

/**
 * Sends what is pending to some random members at once, and to some more a few milliseconds later: what reaches those whom the
 * tree missed, because a packet was lost, a view differs, or a member relays nothing. At least one transmission of a broadcast is left to the
 * gossiper, where there are three to share.
 */
export class PushRounds {
  private readonly around: DisseminationSurroundings;
  private readonly choosePeers: (count: number) => readonly Member[];
  private readonly whenBegun: () => void;
  private readonly bucket: TokenBucket;
  private timer: Timer | undefined;
  /** The first round is yet to come, by the timer or when something wakes this node at `dueMs` or later. */
  private isBeginning = false;
  private dueMs = Number.POSITIVE_INFINITY;
  private round = 0;
  /** Undefined until it is needed: long after the beginning, as a rule, among members on one host. */
  private plan: readonly number[] | undefined;
  private readonly hostmates: Hostmates;

  /** `whenBegun` is called whenever no first round is awaited any more. */
  constructor(
    around: DisseminationSurroundings,
    hostmates: Hostmates,
    choosePeers: (count: number) => readonly Member[],
    whenBegun: () => void,
  ) {
    this.around = around;
    this.whenBegun = whenBegun;
    this.choosePeers = choosePeers;
    const { eagerPushesPerSecond: perSecond } = around.options;
    this.bucket = new TokenBucket(around.clock, perSecond, perSecond);
    this.hostmates = hostmates;
  }

  /** Something new is pending: it all begins anew, unless a beginning is awaited already; what is new goes along with that. */
  begin(first: FirstRound): void {
    if (this.isBeginning && first !== "never") {
      this.awaitByTimer();
      return;
    }
    this.startAnew();
    const waitMs = this.waitMs(first);
    if (first === "never") this.awaitNext();
    else if (waitMs === 0) this.proceed();
    else this.awaitFirst(waitMs);
  }

  /**
   * As `begin`, for news whose origin tells everybody on this host itself: the first round takes place when this node hears it again after a while, in a copy of the
   * origin's or along with a ping. To set a timer and to be woken by it is half as much work again as to be told and to hand on what was told.
   */
  beginWhenAwake(): void {
    if (this.isBeginning) return;
    this.startAnew();
    this.isBeginning = true;
    this.dueMs = this.around.clock.monotonicMs() + this.waitMs("now") * awakeShare;
  }

  /** Something that is no news woke this node, and is done. */
  noteAwake(nowMs: number): void {
    if (nowMs < this.dueMs) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.proceed();
  }

  /** Among members on one host even a first round that is due now waits. */
  get haveTime(): boolean {
    return this.hostmates.count > 0;
  }

  /** The first round is yet to come, and later than it would be among members with hosts of their own. */
  get isHeldBack(): boolean {
    return this.isBeginning && this.haveTime;
  }

  /** Before the first round, at least. */
  private waitMs(first: FirstRound): number {
    const originMs = first === "now" ? 0 : toldAfterMs.least + toldAfterMs.perNode * this.around.table.length;
    return originMs + Math.min(perHostmateMs * this.hostmates.count, hostmatesMaxMs);
  }

  stop(): void {
    this.timer?.cancel();
    this.timer = undefined;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.waitNoLonger();
  }

  private startAnew(): void {
    this.stop();
    this.plan = undefined;
    this.round = 0;
  }

  /** What is new does not wait until something wakes this node. In a burst rounds are as far apart as they would be without what was told to all before. */
  private awaitByTimer(): void {
    if (this.dueMs === Number.POSITIVE_INFINITY) return;
    this.dueMs = Number.POSITIVE_INFINITY;
    this.awaitFirst(this.waitMs("now"));
  }

  private awaitFirst(waitMs: number): void {
    const { random, timers } = this.around;
    this.isBeginning = true;
    this.timer = timers.after(waitMs * (1 + random.fraction()), () => this.proceed());
  }

  private waitNoLonger(): void {
    if (!this.isBeginning) return;
    this.isBeginning = false;
    this.whenBegun();
  }

  private proceed(): void {
    this.waitNoLonger();
    const waitMs = this.bucket.waitMs();
    if (waitMs > 0) {
      this.timer = this.around.timers.after(waitMs, () => this.proceed());
      return;
    }
    this.timer = undefined;
    if (this.push(this.planned()[this.round]!)) this.awaitNext();
  }

  private planned(): readonly number[] {
    const { options, table } = this.around;
    this.plan ??= planRounds(retransmitLimit(options.retransmitMult, table.length));
    return this.plan;
  }

  private awaitNext(): void {
    this.round += 1;
    if (this.round === this.planned().length) return;
    const sincePreviousMs = laterRoundsMs[this.round - 1]! - (laterRoundsMs[this.round - 2] ?? 0);
    const delayMs = sincePreviousMs * (1 - jitter + 2 * jitter * this.around.random.fraction());
    this.timer = this.around.timers.after(delayMs, () => this.proceed());
  }

  /** False if nothing is pending any more. */
  private push(count: number): boolean {
    const { packets } = this.around;
    for (const member of this.choosePeers(count)) {
      if (!packets.sendBroadcasts(member, true)) return false;
      this.bucket.take(1);
    }
    return true;
  }
}

/**
 * To how many members each round goes, the first one and the later ones, where a broadcast is sent `limit` times, once of these by
 * the tree. Half of it at once; the rest a little later, since losses come together.
 */
export function planRounds(limit: number): readonly number[] {
  const random = Math.max(1, limit - 1);
  const total = random >= 3 ? random - 1 : random;
  const first = Math.min(firstRoundMax, total >> 1);
  const later = Math.min(laterRoundsTotalMax, total - first);
  return [first, Math.ceil(later / 3), Math.ceil((later - 1) / 3), Math.floor(later / 3)];
}
