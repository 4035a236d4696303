import type { Endpoint } from "../base/address.ts";
import type { Timer, TransportFailure } from "../base/host.ts";
import { Ticker } from "../base/ticker.ts";
import { encodeMessage } from "../wire/codecs.ts";
import type { IndirectPing, StreamMessage } from "../wire/messages.ts";
import { understandsNack, understandsStreamPing } from "../wire/versions.ts";
import type { CrashWatch } from "./crash-watch.ts";
import { composePing, type Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";
import type { PacketSender } from "./packet-sender.ts";
import { decideProbe, type Evidence, type ProbeVerdict } from "./probe-verdict.ts";
import { StreamConversation, type StreamOutcome } from "./stream-client.ts";

/** Whoever guesses the sequence number can send nacks without end; no probe asks for more than a few. */
const evidenceMax = 64;

export interface ProberSurroundings extends Foundations {
  readonly packets: PacketSender;
  readonly membership: Membership;
  readonly crashes: CrashWatch;
}

/** One probe: from the ping to the verdict. */
interface Probe {
  readonly target: Member;
  readonly sequence: number;
  readonly startedMs: number;
  /** How long the whole probe may take: the probe interval, scaled by this node's own health. */
  readonly limitMs: number;
  readonly evidence: Evidence[];
  nacksExpected: number;
  /** Runs while only the direct ping is under way. */
  pingTimer: Timer | undefined;
  fallback: StreamConversation | undefined;
}

/**
 * The failure detector's evidence: once an interval it pings the next member of the round. If no ack comes within the ping
 * timeout, it asks a few others to ping the member and tries a stream itself; what it has learnt by the end of the
 * interval goes to `decideProbe`. One probe runs at a time. A probe that takes longer than an interval (only an unhealthy
 * node's does) makes up for one missed turn at most.
 *
 * Only the limit of the whole probe grows with bad health. The ping timeout stays as it is, on purpose: waiting longer does
 * not bring a lost packet back, but the relays and the stream need the time.
 */
export class Prober {
  private readonly around: ProberSurroundings;
  private readonly ticker: Ticker;
  private current: Probe | undefined;
  private turnMissed = false;

  constructor(around: ProberSurroundings) {
    this.around = around;
    this.ticker = new Ticker({
      timers: around.timers,
      random: around.random,
      intervalMs: () => around.options.probeIntervalMs,
      handleTick: () => this.handleTurn(),
    });
  }

  start(): void {
    this.ticker.start();
  }

  stop(): void {
    this.ticker.stop();
    if (this.current !== undefined) this.release(this.current);
    this.current = undefined;
  }

  /** A packet to `to` could not be delivered: if it was the ping under way, there is nothing to wait for. */
  packetFailed(to: Endpoint, failure: TransportFailure): void {
    const probe = this.current;
    if (probe?.pingTimer === undefined) return;
    if (probe.target.address !== to.address || probe.target.port !== to.port) return;
    this.learn(probe, failure.kind === "refused" ? { kind: "refused", path: "packet" } : { kind: "unsent" });
    this.seekOtherWays(probe);
  }

  private handleTurn(): void {
    this.around.crashes.review();
    if (this.current !== undefined) {
      this.turnMissed = true;
      return;
    }
    const target = this.around.peers.nextToProbe();
    if (target !== undefined) this.probe(target);
  }

  private probe(target: Member): void {
    const { options, acks, awareness, clock, metrics, timers } = this.around;
    const limitMs = awareness.scale(options.probeIntervalMs);
    if (limitMs > options.probeIntervalMs) metrics.increment("memberlist.degraded.probe");
    const sequence = acks.expect(limitMs, {
      ack: (payload, atMs) => this.receiveAck(probe, payload, atMs),
      nack: () => {
        if (probe.evidence.length < evidenceMax) this.learn(probe, { kind: "nack" });
      },
      expired: () => this.learn(probe, { kind: "timeout", of: "probe" }),
    });
    const probe: Probe = {
      target,
      sequence,
      startedMs: clock.monotonicMs(),
      limitMs,
      evidence: [],
      nacksExpected: 0,
      pingTimer: timers.after(options.probeTimeoutMs, () => this.handlePingTimeout(probe)),
      fallback: undefined,
    };
    this.current = probe;
    this.sendPing(probe);
  }

  /** A suspect is told so together with the ping, so that it can refute at the first opportunity. */
  private sendPing({ target, sequence }: Probe): void {
    const { options, packets } = this.around;
    const ping = encodeMessage(composePing(this.around, sequence, target.name));
    if (target.state === "alive" || !options.tellSuspects) {
      packets.sendFilled(target, target.name, ping);
      return;
    }
    const { incarnation, name } = target;
    const suspicion = encodeMessage({ kind: "suspect", incarnation, node: name, from: options.nodeName });
    packets.send(target, target.name, [ping, suspicion], target.versions);
  }

  private receiveAck(probe: Probe, payload: Uint8Array, atMs: number): void {
    // A relayed ack says nothing of the way between the two, and relays are asked only once the ping timed out.
    if (probe.pingTimer !== undefined) {
      this.around.delegates.ping?.pingCompleted(probe.target, Math.max(0, atMs - probe.startedMs), payload);
    }
    this.learn(probe, { kind: "ack", atMs });
  }

  private handlePingTimeout(probe: Probe): void {
    this.around.logger.log("DEBUG", `memberlist: Failed UDP ping: ${probe.target.name} (timeout reached)`);
    this.learn(probe, { kind: "timeout", of: "ping" });
    this.seekOtherWays(probe);
  }

  private seekOtherWays(probe: Probe): void {
    probe.pingTimer?.cancel();
    probe.pingTimer = undefined;
    this.askRelays(probe);
    const { options } = this.around;
    if (options.streamPings && understandsStreamPing(probe.target.versions)) this.pingByStream(probe);
  }

  private askRelays(probe: Probe): void {
    const { options, packets, peers } = this.around;
    const { target, sequence } = probe;
    const self = this.around.advertised();
    for (const relay of peers.relaysFor(target, options.indirectChecks)) {
      const nack = understandsNack(relay.versions);
      if (nack) probe.nacksExpected += 1;
      const request: IndirectPing = {
        kind: "indirect-ping",
        sequence,
        targetAddress: target.address,
        targetPort: target.port,
        node: target.name,
        nack,
        sourceAddress: self.address,
        sourcePort: self.port,
        sourceNode: options.nodeName,
      };
      packets.sendFilled(relay, relay.name, encodeMessage(request));
    }
  }

  private pingByStream(probe: Probe): void {
    const { clock } = this.around;
    const remainingMs = probe.startedMs + probe.limitMs - clock.monotonicMs();
    if (remainingMs <= 0) return;
    probe.fallback = new StreamConversation(this.around, {
      to: { address: probe.target.address, port: probe.target.port },
      compose: () => encodeMessage(composePing(this.around, probe.sequence, probe.target.name)),
      answered: true,
      limitMs: remainingMs,
      done: (outcome) => this.receiveStreamOutcome(probe, outcome),
    });
  }

  private receiveStreamOutcome(probe: Probe, outcome: StreamOutcome): void {
    probe.fallback = undefined;
    if (outcome.kind === "reply") {
      const problem = streamAckProblem(outcome.message, probe.sequence);
      if (problem === undefined) this.learn(probe, { kind: "stream-ack" });
      else this.logFallbackFailure(problem);
    } else if (outcome.kind === "failed") {
      // That a node which is down refuses the stream, or never opens it, is nothing to tell an operator.
      if (outcome.opened) this.logFallbackFailure(outcome.reason);
      if (outcome.failure?.kind === "refused") {
        this.learn(probe, { kind: "refused", path: "stream" });
        this.around.crashes.noteRefused(probe.target.name);
      }
      if (outcome.failure?.kind === "timeout") this.learn(probe, { kind: "timeout", of: "stream" });
    }
  }

  private logFallbackFailure(reason: string): void {
    this.around.logger.log("ERR", `memberlist: Failed fallback ping: ${reason}`);
  }

  private learn(probe: Probe, item: Evidence): void {
    if (probe !== this.current) return;
    probe.evidence.push(item);
    const verdict = decideProbe(probe.evidence, probe.nacksExpected);
    if (verdict.kind !== "open") this.conclude(probe, verdict);
  }

  private conclude(probe: Probe, verdict: Exclude<ProbeVerdict, { kind: "open" }>): void {
    const { awareness, clock, logger, metrics, options } = this.around;
    const stillOpen = probe.fallback?.isOpen === true;
    this.release(probe);
    this.current = undefined;
    awareness.applyDelta(verdict.healthDelta);
    metrics.sample("memberlist.probeNode", clock.monotonicMs() - probe.startedMs);
    const { incarnation, name } = probe.target;
    if (verdict.kind === "suspect") {
      if (stillOpen) this.logFallbackFailure(`timeout ${probe.limitMs}ms`);
      logger.log("INFO", `memberlist: Suspect ${name} has failed, no acks received`);
      this.around.membership.receiveSuspect({ kind: "suspect", incarnation, node: name, from: options.nodeName });
    } else if (verdict.by === "stream") {
      const advice = "other probes failed, network may be misconfigured";
      logger.log("WARN", `memberlist: Was able to connect to ${name} but ${advice}`);
    }
    if (this.turnMissed) {
      this.turnMissed = false;
      this.handleTurn();
    }
  }

  private release(probe: Probe): void {
    probe.pingTimer?.cancel();
    probe.pingTimer = undefined;
    probe.fallback?.abandon();
    this.around.acks.forget(probe.sequence);
  }
}

function streamAckProblem(message: StreamMessage, sequence: number): string | undefined {
  if (message.kind !== "ack") return `unexpected ${message.kind} from ping`;
  if (message.sequence === sequence) return undefined;
  return `Sequence number from ack (${message.sequence}) doesn't match ping (${sequence})`;
}
