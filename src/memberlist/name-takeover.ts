import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { encodeMessage } from "../wire/codecs.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import type { PacketSender } from "./packet-sender.ts";
import { StreamConversation, type StreamOutcome } from "./stream-client.ts";

/** For so long what was found out about an address is not questioned again: gossip repeats the same claim. */
const verdictHoldsMs = 60_000;

export interface NameTakeoverSurroundings extends Foundations {
  readonly membership: Membership;
  readonly packets: PacketSender;
}

/** "gone": nobody is there any more. "standing": somebody is, or it cannot be told. */
type Verdict = "gone" | "standing";

interface Check {
  readonly place: string;
  readonly sequence: number;
  pinged: "waiting" | "silent";
  refused: boolean;
  stream: StreamConversation | undefined;
}

/**
 * A node restarts at another address while the others still hold its old self for alive: to them that is a conflict, and the
 * newcomer is the one to go. But the newcomer can know better. It asks at the old address itself: where the host refuses a
 * stream and nobody answers a ping, its predecessor is gone, and it says so in the only words that any memberlist takes at
 * once: the predecessor left. Then the name is free for it. An address that does not answer at all proves nothing (it may
 * be a partition), and the conflict stands as ever. A deviation: see docs/DEVIATIONS.md; off with `nameTakeover: false`.
 */
export class NameTakeover {
  private readonly around: NameTakeoverSurroundings;
  private check: Check | undefined;
  private known: { readonly place: string; readonly verdict: Verdict; readonly untilMs: number } | undefined;

  constructor(around: NameTakeoverSurroundings) {
    this.around = around;
  }

  /** Two nodes claim one name: `existing` has it, as far as this node knows. */
  receiveConflict(existing: Member, other: Member): void {
    const { delegates, options } = this.around;
    const place = formatEndpoint(other);
    const isOurs = existing.name === options.nodeName;
    const verdict = this.verdictOn(place);
    if (!options.nameTakeover || !isOurs || verdict === "standing") {
      delegates.conflict?.nameConflict(existing, other);
    } else if (verdict === undefined && this.check === undefined) {
      this.begin(existing, other, place);
    }
  }

  /**
   * Others suspect a node of this name, which is at another address, of having failed: this node's former self, presumably. If so it need not wait
   * until they hold it for dead; if not, there is no conflict yet.
   */
  receiveSuspect(other: Member): void {
    const { membership, options } = this.around;
    const place = formatEndpoint(other);
    const { self } = membership;
    if (!options.nameTakeover || this.check !== undefined || place === formatEndpoint(self)) return;
    if (this.verdictOn(place) === undefined) this.begin(self, other, place);
  }

  stop(): void {
    if (this.check === undefined) return;
    this.around.acks.forget(this.check.sequence);
    this.check.stream?.abandon();
    this.check = undefined;
  }

  private verdictOn(place: string): Verdict | undefined {
    const { known } = this;
    return known?.place === place && this.around.clock.monotonicMs() < known.untilMs ? known.verdict : undefined;
  }

  private begin(self: Member, other: Member, place: string): void {
    const { acks, options, packets } = this.around;
    const conclude = (verdict: Verdict): void => this.conclude(self, other, verdict);
    const sequence = acks.expect(options.probeTimeoutMs, {
      ack: () => conclude("standing"),
      expired: () => {
        check.pinged = "silent";
        if (check.refused) conclude("gone");
        else if (check.stream === undefined) conclude("standing");
      },
    });
    const check: Check = { place, sequence, pinged: "waiting", refused: false, stream: undefined };
    this.check = check;
    const to: Endpoint = { address: other.address, port: other.port };
    const ping = encodeMessage(composePing(this.around, sequence, options.nodeName));
    packets.send(to, options.nodeName, [ping]);
    check.stream = new StreamConversation(this.around, {
      to,
      compose: () => ping,
      answered: true,
      limitMs: options.probeTimeoutMs,
      done: (outcome) => {
        check.stream = undefined;
        check.refused = isRefused(outcome);
        if (!check.refused) conclude("standing");
        else if (check.pinged === "silent") conclude("gone");
      },
    });
  }

  private conclude(self: Member, other: Member, verdict: Verdict): void {
    const { clock, delegates, logger, membership } = this.around;
    const { check } = this;
    if (check === undefined) return;
    this.stop();
    this.known = { place: check.place, verdict, untilMs: clock.monotonicMs() + verdictHoldsMs };
    if (verdict === "standing") {
      if (other.state !== "suspect") delegates.conflict?.nameConflict(self, other);
      return;
    }
    logger.log(
      "INFO",
      `memberlist: Taking over the name ${self.name} from ${check.place}, where nobody listens any more`,
    );
    membership.succeed(other);
  }
}

function isRefused(outcome: StreamOutcome): boolean {
  return outcome.kind === "failed" && !outcome.opened && outcome.failure?.kind === "refused";
}
