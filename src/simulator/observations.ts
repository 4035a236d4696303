import type { MemberEvent, SerfEvent } from "../serf/events.ts";
import type { CheckedWorld, Checker, CheckerFactory, SentEvent } from "./checkers/checker.ts";
import type { TrafficCounts } from "./links.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { type Distribution, distributionOf } from "./statistics.ts";

/** With more, every second one goes: a day and a minute are described by as many. */
const samplesMax = 2_048;

/** What a cluster was like at one moment. */
export interface Sample {
  readonly atMs: number;
  readonly running: number;
  /** Of all ordered pairs of a running node and another: the share in which the first is right about whether the second is alive. */
  readonly agreement: number;
  /** What has been sent so far, by packets and streams together. */
  readonly bytes: number;
  readonly packets: number;
}

/** How the others came to know that a member had ended without a word. */
export interface Detection {
  readonly member: string;
  readonly atMs: number;
  /** Who was there to notice: nodes that ran then, and have not ended before they did. */
  observers: number;
  /** How long it took each of those that noticed to call the member failed, the first one first. */
  readonly afterMs: number[];
}

/** How a user event got about. */
export interface Dissemination {
  readonly event: string;
  readonly atMs: number;
  /** Who was there to be told, and has not ended before that; the sender is not counted. */
  receivers: number;
  readonly afterMs: number[];
}

/** Of whom is still to notice or to be told. */
interface Pending<T> {
  readonly seen: T;
  readonly waiting: Set<SimulatedNode>;
}

/** What users of a cluster saw of it: what each node was told, and when. Attached to a simulation like a checker; it finds nothing wrong. */
export class Observations implements Checker {
  readonly name = "observations";
  readonly detections: Detection[] = [];
  readonly disseminations: Dissemination[] = [];
  /** How often a node was told that a member had failed which ran, and was not one of the `slow`. */
  falsePositives = 0;
  /** Those of them that were told to a node which was not slow itself. */
  falsePositivesAtHealthy = 0;
  /** How often a node was told of a failure or a return. */
  changesOfView = 0;
  /** Members that are at fault: to call them failed is no mistake. */
  slow: ReadonlySet<string> = new Set();
  private readonly world: CheckedWorld;
  private readonly current = new Map<string, SimulatedNode>();
  /** How many running nodes hold a member for alive, each for itself not counted. */
  private readonly believers = new Map<string, number>();
  private readonly open = new Map<string, Pending<Detection>>();
  private readonly sent = new Map<string, Pending<Dissemination>>();
  private kept: Sample[] = [];
  private intervalMs = 0;

  constructor(world: CheckedWorld) {
    this.world = world;
  }

  get samples(): readonly Sample[] {
    return this.kept;
  }

  nodeStarted(node: SimulatedNode): void {
    this.current.set(node.name, node);
    this.open.delete(node.name);
  }

  nodeEnded(node: SimulatedNode): void {
    for (const member of node.serf.members())
      if (member.name !== node.name && member.status === "alive") this.count(member.name, -1);
    for (const { seen, waiting } of this.open.values()) if (waiting.delete(node)) seen.observers--;
    for (const { seen, waiting } of this.sent.values()) if (waiting.delete(node)) seen.receivers--;
    if (node.condition !== "down" || this.current.get(node.name) !== node) return;
    const waiting = new Set(this.world.running);
    const seen = { member: node.name, atMs: this.world.nowMs, observers: waiting.size, afterMs: [] };
    this.detections.push(seen);
    this.open.set(node.name, { seen, waiting });
  }

  eventSent({ name, sender, atMs }: SentEvent): void {
    const waiting = new Set(this.world.running);
    waiting.delete(sender);
    const seen = { event: name, atMs, receivers: waiting.size, afterMs: [] };
    this.disseminations.push(seen);
    this.sent.set(name, { seen, waiting });
  }

  told(node: SimulatedNode, event: SerfEvent): void {
    switch (event.kind) {
      case "member-join":
      case "member-failed":
      case "member-leave":
        this.membersChanged(node, event);
        return;
      case "user":
        note(this.sent.get(event.name), node, this.world.nowMs);
    }
  }

  /** The share of beliefs that are right: see `Sample`. */
  get agreement(): number {
    const { running } = this.world;
    const names = new Set<string>();
    let right = 0;
    let pairs = 0;
    for (const { name } of running) {
      names.add(name);
      right += this.believers.get(name) ?? 0;
      pairs += running.length - 1;
    }
    for (const [name, believers] of this.believers) {
      if (names.has(name) || this.current.get(name) === undefined) continue;
      right += running.length - believers;
      pairs += running.length;
    }
    return pairs === 0 ? 1 : right / pairs;
  }

  /** Looks at the cluster as it is now. */
  sample({ packets, packetBytes, streamBytes }: Readonly<TrafficCounts>): void {
    const { nowMs, running } = this.world;
    const last = this.kept.at(-1);
    if (last !== undefined && nowMs - last.atMs < this.intervalMs) return;
    this.kept.push({
      atMs: nowMs,
      running: running.length,
      agreement: this.agreement,
      bytes: packetBytes + streamBytes,
      packets,
    });
    if (this.kept.length < samplesMax) return;
    this.kept = this.kept.filter((_, index) => index % 2 === 0);
    this.intervalMs = (nowMs - this.kept[0]!.atMs) / this.kept.length;
  }

  /** How long it took until somebody knew of each failure. */
  get firstDetectionMs(): Distribution | undefined {
    return distributionOf(this.detections.flatMap(({ afterMs }) => afterMs.slice(0, 1)));
  }

  /** How long it took until everybody knew, of the failures that everybody came to know of. */
  get fullDetectionMs(): Distribution | undefined {
    return distributionOf(
      this.detections.filter(isKnownToAll).map(({ afterMs, observers }) => afterMs[observers - 1]!),
    );
  }

  private membersChanged(node: SimulatedNode, { kind, members }: MemberEvent): void {
    for (const { name } of members) {
      if (name === node.name) continue;
      this.count(name, kind === "member-join" ? 1 : -1);
      if (kind === "member-join") continue;
      this.changesOfView++;
      if (kind === "member-failed") this.failed(node, name);
    }
  }

  private failed(observer: SimulatedNode, name: string): void {
    if (note(this.open.get(name), observer, this.world.nowMs)) return;
    if (this.current.get(name)?.isUp !== true || this.slow.has(name)) return;
    this.falsePositives++;
    if (!this.slow.has(observer.name)) this.falsePositivesAtHealthy++;
  }

  private count(name: string, by: number): void {
    this.believers.set(name, (this.believers.get(name) ?? 0) + by);
  }
}

/** True if that was waited for. */
function note(pending: Pending<Detection | Dissemination> | undefined, node: SimulatedNode, nowMs: number): boolean {
  if (pending === undefined || !pending.waiting.delete(node)) return false;
  pending.seen.afterMs.push(nowMs - pending.seen.atMs);
  return true;
}

export function isKnownToAll({ observers, afterMs }: Detection): boolean {
  return observers > 0 && afterMs.length >= observers;
}

/** To be given to a simulation or to the run of a scenario beside checkers; `made` gets what is observed there. */
export function observe(made: (observations: Observations) => void): CheckerFactory {
  return {
    name: "observations",
    create: (world) => {
      const observations = new Observations(world);
      made(observations);
      return observations;
    },
  };
}
