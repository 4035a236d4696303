/** How many packets a turn of Node's loop reads at most (libuv's number). After as many, more are waiting as a rule. */
const readsAtOnce = 32;
/** Packets of one turn follow each other faster than this, unless handling one takes long. */
const pauseMs = 5;
/** The socket must not have been seen empty for so long: a pause of the machine leaves a backlog that is read in less. */
const floodAfterMs = 500;
const windowMs = 100;
/** In a window, of each endpoint that this node sends to itself; a busy member sends a tenth of that. */
const knownShare = 32;
/** In a window, of all other endpoints together: who joins, who is behind an address translation, and whoever floods. */
const strangersShare = 64;
/** Excess of no more than this in a window can be handled as well as refused. */
const bearableExcess = 256;
/** Endpoints remembered. Beyond, the oldest go, and come back when something is sent to them. */
const knownMax = 16_384;

export interface PacketGateOptions {
  /** Calls back when this turn of the loop has read what it reads. */
  readonly afterTurn: (callback: () => void) => void;
  readonly nowMs: () => number;
  /** A flood begins. */
  readonly flooded: () => void;
}

/**
 * Chooses what is worth opening when more packets come than can be read. To open and answer one takes several times as long as to drop it, and what
 * is not read in time the kernel loses, whoever sent it. So in a flood each sender has a share: one that floods uses up its own, and the
 * pings and acks of members get through. Members are told by what this node sends: an endpoint that it never sends to is a stranger, and nothing
 * that strangers send with a wrong key is answered. Without a flood every packet is admitted.
 */
export class PacketGate {
  private readonly options: PacketGateOptions;
  private readonly known = new Set<string>();
  /** What has been admitted in this window. */
  private readonly admitted = new Map<string, number>();
  private fromStrangers = 0;
  private refused = 0;
  private windowEndMs = 0;
  private isFlooded = false;
  /** Since the last one that came after a pause, as long as turns are not told apart; else in this turn. */
  private readInTurn = 0;
  private lastReadMs = Number.NEGATIVE_INFINITY;
  private tellsTurns = false;
  /** Since when every turn has read as much as it can. */
  private neverEmptySinceMs: number | undefined;

  constructor(options: PacketGateOptions) {
    this.options = options;
  }

  noteSent(address: string, port: number): void {
    const endpoint = `${address} ${port}`;
    if (this.known.has(endpoint)) return;
    this.known.add(endpoint);
    if (this.known.size > knownMax) for (const oldest of this.known.keys()) return void this.known.delete(oldest);
  }

  /** To be asked once for each packet that was read, at a monotonic time. */
  admits(address: string, port: number, atMs: number): boolean {
    this.count(atMs);
    if (!this.isFlooded) return true;
    if (atMs >= this.windowEndMs) {
      if (this.refused <= bearableExcess) return this.endFlood();
      this.beginWindow(atMs);
    }
    if (this.takeShare(`${address} ${port}`)) return true;
    this.refused += 1;
    return false;
  }

  /**
   * To be called back at the end of a turn costs about as much as to look at a packet does. So turns are told apart only from the moment on when as
   * many have come, one right after the other, as a full turn reads; until one has read fewer.
   */
  private count(atMs: number): void {
    if (this.tellsTurns) {
      if (this.readInTurn++ === 0) this.options.afterTurn(this.endTurn);
      return;
    }
    if (atMs - this.lastReadMs >= pauseMs) this.readInTurn = 0;
    this.lastReadMs = atMs;
    if (++this.readInTurn < readsAtOnce) return;
    this.tellsTurns = true;
    this.options.afterTurn(this.endTurn);
  }

  private takeShare(endpoint: string): boolean {
    if (!this.known.has(endpoint)) return this.fromStrangers++ < strangersShare;
    const admitted = this.admitted.get(endpoint) ?? 0;
    if (admitted >= knownShare) return false;
    this.admitted.set(endpoint, admitted + 1);
    return true;
  }

  private readonly endTurn = (): void => {
    const isEmpty = this.readInTurn < readsAtOnce;
    this.readInTurn = 0;
    if (isEmpty) this.neverEmptySinceMs = undefined;
    if (isEmpty && !this.isFlooded) this.tellsTurns = false;
    if (isEmpty || this.isFlooded) return;
    const nowMs = this.options.nowMs();
    this.neverEmptySinceMs ??= nowMs;
    if (nowMs - this.neverEmptySinceMs < floodAfterMs) return;
    this.isFlooded = true;
    this.beginWindow(nowMs);
    this.options.flooded();
  };

  private beginWindow(nowMs: number): void {
    this.admitted.clear();
    this.fromStrangers = this.refused = 0;
    this.windowEndMs = nowMs + windowMs;
  }

  private endFlood(): true {
    this.isFlooded = false;
    this.neverEmptySinceMs = undefined;
    return true;
  }
}
