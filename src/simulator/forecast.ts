import { SerfError } from "../base/errors.ts";
import type { MemberlistOptions, MemberlistProfile } from "../memberlist/options.ts";
import type { Latency } from "./latency.ts";
import { isKnownToAll, type Observations, observe } from "./observations.ts";
import { SeededRandom } from "./seeded-random.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { Simulation } from "./simulation.ts";
import { type Distribution, distributionOf } from "./statistics.ts";

/** The stream of random numbers for who is killed. */
const choiceStream = 0xd000_0000;
/** In this time all nodes start. */
const startMs = 1_000;
const sampleMs = 100;
const formingMsMax = 600_000;
const eventMsMax = 60_000;

/** What to try. */
export interface ForecastOptions {
  readonly nodes: number;
  /** Any number; the same options and seed give the same result. */
  readonly seed: number;
  readonly profile: MemberlistProfile;
  /** What differs from the profile. */
  readonly memberlist?: Partial<MemberlistOptions>;
  /** The share of packets lost, and of segments of streams sent again, in [0, 1). */
  readonly loss: number;
  readonly latency: Latency;
  /** How many processes are killed at once. Their machines go on and refuse whoever looks for them, unless `powerLoss` is set. */
  readonly kill: number;
  /** The machines of what is killed lose their power with it; false by default. */
  readonly powerLoss?: boolean;
  /** Whether a user event is sent. */
  readonly event: boolean;
  /** How long the cluster is watched while nothing happens. */
  readonly quietMs: number;
}

/** "forming": nodes join. "quiet": nothing happens. "event": one goes about. "failures": some have died. "done": that was all. */
export type ForecastPhase = "forming" | "quiet" | "event" | "failures" | "done";

/** What a node sent while nothing happened, on average. */
export interface Load {
  readonly bytesPerSecond: number;
  readonly packetsPerSecond: number;
}

/** What came of it, or has until now. */
export interface ForecastReport {
  /** How far it came: anything but "done" was stopped. */
  readonly phase: ForecastPhase;
  readonly simulatedMs: number;
  /** Until everybody knew everybody; undefined if that did not happen. */
  readonly formedAfterMs: number | undefined;
  readonly quietLoad: Load | undefined;
  /** Of the user event, from its sending to its telling. */
  readonly dissemination: { readonly receivers: number; readonly afterMs: Distribution | undefined } | undefined;
  readonly failures:
    | {
        readonly killed: number;
        readonly knownToAll: number;
        readonly firstMs: Distribution | undefined;
        readonly allMs: Distribution | undefined;
      }
    | undefined;
  /** How often anybody was told that a member failed which runs. */
  readonly falsePositives: number;
  readonly traceHash: string;
}

/**
 * What a cluster does with these settings: nodes start and join the first of them, are left alone, hear of a user event, and lose some
 * of their number. It is the protocol itself that runs. `advance` lets a little time pass, so that whoever calls it can do other things in between.
 */
export class Forecast {
  readonly simulation: Simulation;
  readonly observations: Observations;
  phase: ForecastPhase = "forming";
  private readonly options: ForecastOptions;
  private readonly course: Iterator<void>;
  private formedAfterMs: number | undefined;
  private quietLoad: Load | undefined;

  constructor(options: ForecastOptions) {
    this.options = options;
    const { nodes, seed, profile, memberlist = {}, loss, latency, kill } = options;
    if (kill >= nodes) throw new SerfError("INVALID_OPTION", `of ${nodes} nodes at most ${nodes - 1} can be killed`);
    const made: Observations[] = [];
    const checkers = [observe((one) => void made.push(one))];
    this.simulation = new Simulation({ seed, profile, serf: { memberlist }, checkers });
    this.simulation.network.setConditions({ latency, loss, streamLoss: loss });
    this.observations = made[0]!;
    this.course = this.play();
  }

  /** Lets at most 0.1 s of virtual time pass; false once there is nothing more to see. Throws as Serf does for options that are wrong. */
  advance(): boolean {
    const { done } = this.course.next();
    const [violation] = this.simulation.violations;
    if (violation !== undefined) throw new Error(violation.problem);
    return done !== true;
  }

  get report(): ForecastReport {
    const { detections, disseminations, falsePositives, firstDetectionMs, fullDetectionMs } = this.observations;
    const [dissemination] = disseminations;
    return {
      phase: this.phase,
      simulatedMs: this.simulation.nowMs,
      formedAfterMs: this.formedAfterMs,
      quietLoad: this.quietLoad,
      dissemination: dissemination && {
        receivers: dissemination.receivers,
        afterMs: distributionOf(dissemination.afterMs),
      },
      failures:
        detections.length === 0
          ? undefined
          : {
              killed: detections.length,
              knownToAll: detections.filter(isKnownToAll).length,
              firstMs: firstDetectionMs,
              allMs: fullDetectionMs,
            },
      falsePositives,
      traceHash: this.simulation.traceHash,
    };
  }

  private *play(): Generator<void, void> {
    const { event, kill } = this.options;
    yield* this.form();
    yield* this.watch();
    if (event) yield* this.tell();
    if (kill > 0) yield* this.lose();
    this.phase = "done";
  }

  private *form(): Generator<void, void> {
    const { simulation, options } = this;
    for (let started = 0; started < options.nodes; started++) {
      yield* this.pass(started * (startMs / options.nodes) - simulation.nowMs);
      const node = simulation.start(`n${started + 1}`);
      if (started > 0) simulation.join(node);
    }
    if (yield* this.passUntil(() => this.observations.agreement === 1, formingMsMax))
      this.formedAfterMs = simulation.nowMs;
  }

  private *watch(): Generator<void, void> {
    this.phase = "quiet";
    const { traffic } = this.simulation.network;
    const { packets, packetBytes, streamBytes } = traffic;
    const { nodes, quietMs } = this.options;
    yield* this.pass(quietMs);
    const perSecond = (amount: number) => (amount * 1000) / quietMs / nodes;
    this.quietLoad = {
      bytesPerSecond: perSecond(traffic.packetBytes + traffic.streamBytes - packetBytes - streamBytes),
      packetsPerSecond: perSecond(traffic.packets - packets),
    };
  }

  private *tell(): Generator<void, void> {
    this.phase = "event";
    const { simulation, observations } = this;
    simulation.sendEvent(simulation.running[0]!, "event", new Uint8Array(64));
    const [{ afterMs, receivers }] = observations.disseminations as [(typeof observations.disseminations)[number]];
    yield* this.passUntil(() => afterMs.length === receivers, eventMsMax, 10);
  }

  private *lose(): Generator<void, void> {
    this.phase = "failures";
    const { simulation, observations, options } = this;
    const random = new SeededRandom(options.seed, choiceStream);
    const candidates = [...simulation.running];
    const doomed: SimulatedNode[] = [];
    while (doomed.length < options.kill) doomed.push(...candidates.splice(random.below(candidates.length), 1));
    for (const node of doomed) simulation.crash(node, options.powerLoss === true);
    yield* this.passUntil(() => observations.detections.every(isKnownToAll), this.detectionMsMax());
  }

  /** Twice the time in which every node has been probed by somebody and the longest suspicion has run out. */
  private detectionMsMax(): number {
    const { options } = this.simulation.running[0]!.serf.memberlist;
    const suspicions =
      options.suspicionMult * options.suspicionMaxTimeoutMult * Math.max(1, Math.log10(this.options.nodes));
    return 2 * options.probeIntervalMs * (20 + suspicions) + 60_000;
  }

  private *pass(ms: number): Generator<void, void> {
    yield* this.passUntil(() => false, ms);
  }

  /** Returns whether the condition holds. */
  private *passUntil(condition: () => boolean, limitMs: number, stepMs = sampleMs): Generator<void, boolean> {
    const { simulation, observations } = this;
    const deadlineMs = simulation.nowMs + limitMs;
    while (!condition()) {
      const leftMs = deadlineMs - simulation.nowMs;
      if (leftMs <= 0) return false;
      simulation.run(Math.min(stepMs, leftMs));
      observations.sample(simulation.network.traffic);
      yield;
    }
    return true;
  }
}
