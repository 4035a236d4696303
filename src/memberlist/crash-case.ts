import { type Endpoint, isSameEndpoint } from "../base/address.ts";
import type { Timer } from "../base/host.ts";
import { encodeMessage } from "../wire/codecs.ts";
import { understandsNack } from "../wire/versions.ts";
import { type CrashEvidence, type CrashRules, decideCrash } from "./crash-verdict.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import type { PacketSender } from "./packet-sender.ts";
import { checkRefusal } from "./refusal-check.ts";
import type { StreamConversation } from "./stream-client.ts";
import { isGone } from "./transitions.ts";

/** How often during the dwell time the member is pinged, and others are heard. */
const stepsPerDwell = 4;
/** Of the dwell time: what a member has at least to refute. */
const noticeShare = 0.4;
/** A case that is not decided by then, in dwell times, is left to the ordinary probes. */
const dwellsMax = 5;
/** One relay more than needed makes up for a lost packet. */
const spareRelays = 1;

export interface CrashSurroundings extends Foundations {
  readonly packets: PacketSender;
  readonly membership: Membership;
}

/** How a case ends: "over" where somebody else has decided, the member is not listed any more, or its name is claimed elsewhere. */
export type CaseOutcome = "crashed" | "life" | "doubt" | "over";

/**
 * One member whose host has refused a stream: for the dwell time it is pinged again and again, others are asked whether they reach it, and then
 * its host is asked once more. What comes of it goes to `decideCrash`.
 */
export class CrashCase {
  private readonly around: CrashSurroundings;
  private readonly target: Member;
  private readonly rules: CrashRules;
  private readonly ended: (outcome: CaseOutcome) => void;
  private readonly evidence: CrashEvidence[] = [];
  private readonly confirmers = new Set<string>();
  private readonly openSequences = new Set<number>();
  private readonly startedMs: number;
  private askedRelaysMs = Number.NEGATIVE_INFINITY;
  private isSuspected = false;
  private isEnded = false;
  private timer: Timer | undefined;
  private check: StreamConversation | undefined;

  /** Begins with the refusal that the caller met. `ended` is called once, but not after `stop`. */
  constructor(around: CrashSurroundings, target: Member, confirmations: number, ended: (outcome: CaseOutcome) => void) {
    const dwellMs = around.options.fastFailureDwellMs;
    this.around = around;
    this.target = target;
    this.rules = { dwellMs, noticeMs: noticeShare * dwellMs, confirmations };
    this.ended = ended;
    this.startedMs = around.clock.monotonicMs();
    this.evidence.push({ kind: "refused", atMs: this.startedMs });
    this.askRelays();
    this.waitForStep();
  }

  stop(): void {
    this.isEnded = true;
    this.timer?.cancel();
    this.check?.abandon();
    for (const sequence of this.openSequences) this.around.acks.forget(sequence);
    this.openSequences.clear();
  }

  isAbout(place: Endpoint): boolean {
    return isSameEndpoint(this.target, place);
  }

  /** Something came from the member itself. */
  heard(): void {
    this.learn({ kind: "life" });
  }

  private get ageMs(): number {
    return this.around.clock.monotonicMs() - this.startedMs;
  }

  private waitForStep(): void {
    this.timer = this.around.timers.after(this.rules.dwellMs / stepsPerDwell, () => this.handleStep());
  }

  private handleStep(): void {
    const { clock, membership, options, truces } = this.around;
    const { name, incarnation, address, port } = this.target;
    const member = membership.find(name);
    if (member === undefined || isGone(member.state) || truces.has(name)) {
      this.end("over");
      return;
    }
    if (member.incarnation !== incarnation || member.address !== address || member.port !== port) {
      this.heard();
      return;
    }
    if (this.ageMs > dwellsMax * this.rules.dwellMs) {
      this.learn({ kind: "doubt" });
      return;
    }
    this.waitForStep();
    this.hearAccusers();
    if (this.isEnded) return;
    this.ping();
    const lacksConfirmations = this.confirmers.size < this.rules.confirmations;
    const isTimeToAsk = clock.monotonicMs() - this.askedRelaysMs >= options.probeTimeoutMs;
    if (lacksConfirmations && isTimeToAsk) this.askRelays();
    if (this.ageMs >= this.rules.dwellMs) this.askHost();
  }

  /** Whoever else suspects the member. */
  private hearAccusers(): void {
    const { membership, options } = this.around;
    for (const { name } of membership.suspicions.find(this.target.name)?.accusers ?? []) {
      if (name !== options.nodeName) this.confirm(name);
    }
  }

  private confirm(by: string): void {
    if (this.confirmers.has(by)) return;
    this.confirmers.add(by);
    this.learn({ kind: "confirmed", by });
  }

  /** As the prober does it: once the member is suspected, it is told so in the same packet. */
  private ping(): void {
    const { options, packets } = this.around;
    const { name, incarnation } = this.target;
    const sequence = this.expectAck(options.probeTimeoutMs, undefined);
    const messages = [encodeMessage(composePing(this.around, sequence, name))];
    if (this.isSuspected && options.tellSuspects)
      messages.push(encodeMessage({ kind: "suspect", incarnation, node: name, from: options.nodeName }));
    packets.send(this.target, name, messages);
  }

  /** Each relay gets a sequence number of its own: a nack does not say whose it is. */
  private askRelays(): void {
    const { clock, options, packets, peers } = this.around;
    this.askedRelaysMs = clock.monotonicMs();
    if (options.indirectChecks === 0) return;
    const count = Math.max(options.indirectChecks, this.rules.confirmations + spareRelays);
    const self = this.around.advertised();
    for (const relay of peers.relaysFor(this.target, count)) {
      if (!understandsNack(relay.versions) || this.confirmers.has(relay.name)) continue;
      // The relay waits as long for the member before it sends a nack.
      const sequence = this.expectAck(2 * options.probeTimeoutMs, relay.name);
      const request = encodeMessage({
        kind: "indirect-ping",
        sequence,
        targetAddress: this.target.address,
        targetPort: this.target.port,
        node: this.target.name,
        nack: true,
        sourceAddress: self.address,
        sourcePort: self.port,
        sourceNode: options.nodeName,
      });
      packets.send(relay, relay.name, [request]);
    }
  }

  /** With a relay, its nack is a confirmation. */
  private expectAck(timeoutMs: number, relay: string | undefined): number {
    const sequence = this.around.acks.expect(timeoutMs, {
      ack: () => this.heard(),
      nack: () => {
        if (relay !== undefined) this.confirm(relay);
      },
      expired: () => this.openSequences.delete(sequence),
    });
    this.openSequences.add(sequence);
    return sequence;
  }

  private askHost(): void {
    this.check ??= checkRefusal(this.around, this.target, (result) => {
      this.check = undefined;
      if (result === "refused") this.learn({ kind: "refused", atMs: this.around.clock.monotonicMs() });
      else this.learn({ kind: result === "answered" ? "life" : "doubt" });
    });
  }

  private learn(item: CrashEvidence): void {
    if (this.isEnded) return;
    this.evidence.push(item);
    const verdict = decideCrash(this.evidence, this.rules);
    if (verdict.kind === "suspect") this.suspect();
    else if (verdict.kind === "cleared") this.end(verdict.by);
    else if (verdict.kind === "crashed") this.declare(verdict.confirmations);
  }

  private suspect(): void {
    const { clock, logger, membership, options } = this.around;
    const { name: node, incarnation } = this.target;
    this.isSuspected = true;
    logger.log("INFO", `memberlist: Suspect ${node} has failed, its host refuses connections`);
    membership.receiveSuspect({ kind: "suspect", incarnation, node, from: options.nodeName });
    this.learn({ kind: "suspected", atMs: clock.monotonicMs() });
  }

  private declare(confirmations: number): void {
    const { logger, membership, metrics, options } = this.around;
    const { name: node, incarnation } = this.target;
    this.end("crashed");
    const reason = `its host refuses connections (${confirmations} peer confirmations)`;
    logger.log("INFO", `memberlist: Marking ${node} as failed, ${reason}`);
    metrics.increment("memberlist.failure.fast");
    membership.receiveDead({ kind: "dead", incarnation, node, from: options.nodeName });
  }

  private end(outcome: CaseOutcome): void {
    if (this.isEnded) return;
    this.stop();
    // It nearly was declared failed: what looked like a crash was none, or it was started again just in time.
    if (outcome === "life" && this.isSuspected) this.around.truces.note(this.target.name);
    this.ended(outcome);
  }
}
