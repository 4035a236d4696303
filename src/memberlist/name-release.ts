import type { Alive } from "../wire/messages.ts";
import type { Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import { checkRefusal } from "./refusal-check.ts";
import type { StreamConversation } from "./stream-client.ts";

/** Gossip repeats a claim: for so long a host is not asked again. */
const againAfterMs = 5_000;
/** So many hosts are asked at once, at most; other names stay taken until they are forgotten. */
const checksMax = 16;
/** When each host was asked is remembered of so many names; the oldest is forgotten. */
const namesMax = 1_024;

export interface NameReleaseSurroundings extends Foundations {
  readonly membership: Membership;
}

/**
 * A node has restarted at another address, and its old self has failed already: its name is taken until the dead are forgotten, half a minute and more.
 * Whoever is told by the newcomer need not wait: where the host of the dead member refuses a stream nobody listens there, and the name
 * is free. The claim must be newer than the death, or news of that would strike the newcomer. A deviation: see docs/DEVIATIONS.md; off with
 * `nameTakeover: false`.
 */
export class NameRelease {
  private readonly around: NameReleaseSurroundings;
  private readonly checks = new Map<string, StreamConversation>();
  private readonly askedMs = new Map<string, number>();

  constructor(around: NameReleaseSurroundings) {
    this.around = around;
  }

  /** `claimant`, elsewhere, goes by the name of `holder`. */
  receiveClaim(holder: Member, claimant: Member): void {
    const { nameTakeover, streamPings } = this.around.options;
    const isDue = holder.state === "dead" && claimant.state === "alive" && claimant.incarnation > holder.incarnation;
    if (!nameTakeover || !streamPings || !isDue || this.checks.size >= checksMax || !this.mayAsk(holder.name)) return;
    const check = checkRefusal(this.around, holder, (result) => {
      this.checks.delete(holder.name);
      if (result === "refused") this.release(holder, claimant);
    });
    this.checks.set(holder.name, check);
  }

  stop(): void {
    for (const check of this.checks.values()) check.abandon();
    this.checks.clear();
  }

  private mayAsk(name: string): boolean {
    const { askedMs, checks } = this;
    const nowMs = this.around.clock.monotonicMs();
    if (checks.has(name) || nowMs - (askedMs.get(name) ?? Number.NEGATIVE_INFINITY) < againAfterMs) return false;
    askedMs.delete(name);
    askedMs.set(name, nowMs);
    const [oldest] = askedMs.keys();
    if (askedMs.size > namesMax && oldest !== undefined) askedMs.delete(oldest);
    return true;
  }

  private release({ name, address, port, incarnation }: Member, claimant: Member): void {
    const { membership } = this.around;
    const known = membership.find(name);
    const isSame = known?.address === address && known.port === port && known.incarnation === incarnation;
    // Meanwhile it may have come back, or have been forgotten.
    if (isSame && known.state === "dead") membership.receiveAlive(aliveOf(claimant), "successor");
  }
}

function aliveOf({ name: node, address, port, incarnation, meta, versions }: Member): Alive {
  return { kind: "alive", incarnation, node, address, port, meta, versions };
}
