import type { MemberlistOptions } from "../memberlist/options.ts";
import type { Scenario, Step } from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";

/** The streams of random numbers that scenarios are drawn from. */
const swarmStream = 0xa000_0000;
/** Drawn apart: so each seed's scenario stayed as it was when shared hosts were added. */
const hostsStream = 0xa800_0000;
/** How often nodes share hosts, and how many. */
const sharedHosts = { share: 0.2, counts: [1, 1, 2, 3] } as const;
/** A tick of the protocol: LAN's gossip interval. */
const tickMs = 200;
/** How often clusters of which sizes are drawn: small ones have most of the corner cases, and large ones are dear. */
const sizes = [
  { share: 0.85, min: 3, max: 10 },
  { share: 0.13, min: 11, max: 24 },
  { share: 0.02, min: 25, max: 64 },
] as const;

/** What a swarm is to go through. */
export interface SwarmOptions {
  /** How long faults go on, in gossip intervals of 200 ms. */
  readonly ticks: number;
}

/** What one fault does to a cluster: the steps that begin it, and those that end it. */
interface Episode {
  readonly begin: readonly Step[];
  readonly end: readonly Step[];
}

type Draw = (swarm: Swarm) => Episode;

/**
 * Draws a scenario from a seed: how large the cluster is, which faults are switched on at all, and then one episode after the other, of which some
 * overlap. That most faults are off in most runs is the point (Groce's "swarm testing"): with everything on at once, some
 * things never happen.
 */
export function drawScenario(seed: number, { ticks }: SwarmOptions): Scenario {
  const swarm = new Swarm(new SeededRandom(seed, swarmStream));
  return { ...swarm.draw(ticks * tickMs), hosts: drawHosts(new SeededRandom(seed, hostsStream)) };
}

/** Undefined: each node has a host of its own. */
function drawHosts(random: SeededRandom): number | undefined {
  const { share, counts } = sharedHosts;
  return random.fraction() < share ? counts[random.below(counts.length)] : undefined;
}

class Swarm {
  readonly random: SeededRandom;
  readonly names: readonly string[];
  /** Of crashed nodes. */
  readonly down = new Set<string>();
  readonly gone = new Set<string>();
  private nameTaken: string | undefined;
  private readonly encrypted: boolean;
  private readonly memberlist: Partial<MemberlistOptions>;

  constructor(random: SeededRandom) {
    this.random = random;
    this.names = Array.from({ length: this.size() }, (_, index) => `n${index + 1}`);
    // What is done to bytes has tests of its own; here it is the dearest part of every packet.
    this.encrypted = this.chance(0.15);
    this.memberlist = {
      compression: this.chance(0.25),
      dissemination: this.chance(0.6) ? "eager" : "timer",
      confirmDeaths: this.chance(0.2),
    };
  }

  draw(durationMs: number): Scenario {
    const switchedOn = Object.values(faults).filter(() => this.chance(0.35));
    const steps: Step[] = [
      { kind: "addNodes", count: this.names.length },
      { kind: "wait", ms: this.between(0, 20_000) },
    ];
    let pending: Step[] = [];
    for (let passedMs = 0; passedMs < durationMs; ) {
      const episode = switchedOn.length === 0 ? this.work() : this.pick(switchedOn)(this);
      steps.push(...episode.begin, ...this.work().begin);
      const ms = this.between(100, 30_000);
      steps.push({ kind: "wait", ms });
      passedMs += ms;
      pending.push(...episode.end);
      if (this.chance(0.6)) {
        steps.push(...pending);
        pending = [];
      }
    }
    steps.push({ kind: "calm" });
    if (this.encrypted) steps.push({ kind: "rotateKey" }, { kind: "wait", ms: 20_000 }, { kind: "calm" });
    return {
      about: `a swarm of ${this.names.length}`,
      snapshots: this.chance(0.5),
      encrypted: this.encrypted,
      network: { latency: this.latency() },
      serf: { memberlist: this.memberlist },
      steps,
    };
  }

  chance(share: number): boolean {
    return this.random.fraction() < share;
  }

  between(min: number, max: number): number {
    return Math.round(min + this.random.fraction() * (max - min));
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.random.below(choices.length)]!;
  }

  /** Some of the nodes, at least one and at most that share of them. */
  some(shareMax: number): string[] {
    const wanted = 1 + this.random.below(Math.max(1, Math.floor(this.names.length * shareMax)));
    const chosen = new Set<string>();
    while (chosen.size < wanted) chosen.add(this.pick(this.names));
    return [...chosen];
  }

  /**
   * The same name each time. Who keeps a name is put to the vote by name: where two names have two nodes each, these vote each for those that they see, and
   * in a small cluster either of a pair can find a majority, with HashiCorp's algorithm as with this, for ever.
   */
  takenName(): string {
    const drawn = this.pick(this.names);
    this.nameTaken ??= drawn;
    return this.nameTaken;
  }

  /** What a cluster is there for. */
  work(): Episode {
    const steps: Step[] = [];
    if (this.chance(0.4)) steps.push({ kind: "event", node: this.pick(this.names), count: 1 + this.random.below(3) });
    if (this.chance(0.2)) steps.push({ kind: "query", node: this.pick(this.names) });
    if (this.chance(0.1))
      steps.push({ kind: "setTags", nodes: this.some(0.2), tags: { version: `${this.random.below(1000)}` } });
    return { begin: steps, end: [] };
  }

  private size(): number {
    let left = this.random.fraction();
    for (const { share, min, max } of sizes) {
      if (left < share) return this.between(min, max);
      left -= share;
    }
    return sizes[0].min;
  }

  private latency():
    | number
    | { kind: "lognormal"; medianMs: number; sigma: number }
    | { kind: "uniform"; minMs: number; maxMs: number } {
    const shape = this.random.below(3);
    if (shape === 0) return this.pick([0.1, 0.5, 5, 50]);
    if (shape === 1) return { kind: "lognormal", medianMs: this.pick([0.5, 5, 20]), sigma: this.pick([0.3, 0.8]) };
    return { kind: "uniform", minMs: 0.1, maxMs: this.pick([1, 20, 100]) };
  }
}

const faults: Readonly<Record<string, Draw>> = {
  loss: (swarm) => {
    const share = swarm.pick([0.02, 0.1, 0.25, 0.5]);
    return swarm.chance(0.5) ? network(swarm, { loss: share, streamLoss: share / 2 }) : link(swarm, { loss: share });
  },
  duplication: (swarm) => network(swarm, { duplication: swarm.pick([0.05, 0.5]) }),
  reordering: (swarm) =>
    network(swarm, { reordering: swarm.pick([0.1, 0.5]), reorderingMs: swarm.pick([50, 500, 3_000]) }),
  fragments: (swarm) => network(swarm, { mtuBytes: 576, dropsFragments: swarm.chance(0.5), loss: 0.02 }),
  bandwidth: (swarm) => network(swarm, { bytesPerSecond: swarm.pick([20_000, 100_000]), queueBytesMax: 65_536 }),
  streams: (swarm) =>
    network(swarm, { streamBreaks: swarm.pick([0.1, 0.6]), streamStalls: swarm.pick([0, 0.2]), streamStallMs: 12_000 }),
  partition: (swarm) => {
    const cutOff = swarm.some(0.5);
    const rest = swarm.names.filter((name) => !cutOff.includes(name));
    // Sometimes one node reaches both sides.
    if (swarm.chance(0.3) && rest.length > 1) rest.pop();
    const groups = swarm.chance(0.5) ? [cutOff, rest] : [rest, cutOff];
    return { begin: [{ kind: "partition", groups, oneWay: swarm.chance(0.3) }], end: [{ kind: "heal" }] };
  },
  reject: (swarm) => {
    const to = swarm.some(0.3);
    return { begin: [{ kind: "reject", from: swarm.some(0.5), to }], end: [{ kind: "heal" }] };
  },
  crash: (swarm) => {
    const nodes = swarm.some(0.3);
    const storage = swarm.chance(0.7) ? "kept" : "lost";
    const crash: Step = { kind: "crash", nodes, power: swarm.chance(0.8), tornBytes: swarm.random.below(40) };
    return { begin: [crash], end: swarm.chance(0.8) ? [{ kind: "restart", nodes, storage }] : [] };
  },
  bounce: (swarm) => ({ begin: [{ kind: "restart", nodes: swarm.some(0.2) }], end: [] }),
  move: (swarm) => ({ begin: [{ kind: "restart", nodes: [swarm.pick(swarm.names)], address: "new" }], end: [] }),
  pause: (swarm) => ({
    begin: [{ kind: "pause", nodes: swarm.some(0.3), forMs: swarm.between(500, 40_000) }],
    end: [],
  }),
  drift: (swarm) => ({
    begin: [{ kind: "drift", nodes: swarm.some(0.3), rate: swarm.pick([0.5, 0.9, 1.1, 2]) }],
    end: [{ kind: "drift", nodes: ["all"], rate: 1 }],
  }),
  jump: (swarm) => ({ begin: [{ kind: "jump", nodes: swarm.some(0.5), ms: swarm.between(-1e9, 1e9) }], end: [] }),
  disk: (swarm) => {
    const nodes = swarm.some(0.4);
    const state = swarm.pick(["full", "readOnly"] as const);
    return { begin: [{ kind: "disk", nodes, state }], end: [{ kind: "disk", nodes, state: "sound" }] };
  },
  leave: (swarm) => {
    const nodes = swarm.some(0.15);
    return { begin: [{ kind: "leave", nodes }], end: swarm.chance(0.6) ? [{ kind: "addNodes", names: nodes }] : [] };
  },
  forceLeave: (swarm) => ({
    begin: [
      { kind: "forceLeave", node: swarm.pick(swarm.names), of: swarm.pick(swarm.names), prune: swarm.chance(0.3) },
    ],
    end: [],
  }),
  /** Another node under a name that is in use: one of the two has to give way. */
  intrude: (swarm) => ({ begin: [{ kind: "intrude", name: swarm.takenName() }], end: [] }),
  burst: (swarm) => {
    const count = swarm.pick([20, 100, 350, 1_000]);
    return {
      begin: [{ kind: "event", node: swarm.pick(swarm.names), count, payloadBytes: swarm.pick([20, 200]) }],
      end: [],
    };
  },
};

function network(swarm: Swarm, conditions: Extract<Step, { kind: "conditions" }>["conditions"]): Episode {
  void swarm;
  return { begin: [{ kind: "conditions", conditions }], end: [{ kind: "repair" }] };
}

function link(swarm: Swarm, conditions: Extract<Step, { kind: "conditions" }>["conditions"]): Episode {
  const from = swarm.some(0.3);
  const step: Step = swarm.chance(0.5)
    ? { kind: "conditions", conditions, from }
    : { kind: "conditions", conditions, to: from };
  return { begin: [step], end: [{ kind: "repair" }] };
}
