import type { Endpoint } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import type { SerfOptions } from "../serf/options.ts";
import type { CheckerFactory } from "./checkers/checker.ts";
import { allCheckers } from "./checkers/index.ts";
import { fairConditions } from "./link-conditions.ts";
import type { TrafficCounts } from "./links.ts";
import {
  type CheckedScenario,
  type CheckedStep,
  checkScenario,
  expandRange,
  type Scenario,
  serfOptionsOf,
} from "./scenario.ts";
import { SeededRandom } from "./seeded-random.ts";
import { namesOthers, settlingMs } from "./settling.ts";
import type { SimulatedNode } from "./simulated-node.ts";
import { Simulation, snapshotPath, type Violation } from "./simulation.ts";

/** The streams of random numbers for what scenarios make up. */
const scenarioStream = 0xc000_0000;

/** How to run a scenario. */
export interface RunOptions {
  /** Any number; the scenario's own by default. */
  readonly seed?: number;
  /** All of them by default. */
  readonly checkers?: readonly CheckerFactory[];
}

/** What came of a run. */
export interface RunReport {
  readonly seed: number;
  readonly verdict: "passed" | "failed";
  /** Empty if it passed. */
  readonly violations: readonly Violation[];
  /** The same for every run of this scenario with this seed. */
  readonly traceHash: string;
  readonly simulatedMs: number;
  /** Everything that happened in virtual time: packets and segments that arrived, timers that fired. */
  readonly events: number;
  /** How often each kind of step was taken. */
  readonly steps: Readonly<Record<string, number>>;
  readonly traffic: Readonly<TrafficCounts>;
  /** From the end of the faults until all agreed, if the scenario ended them. */
  readonly settledAfterMs: number | undefined;
}

/** Runs a scenario. The same scenario and seed give the same report, always. Throws INVALID_SCENARIO, or INVALID_OPTION for its options of Serf. */
export function runScenario(scenario: Scenario, options: RunOptions = {}): RunReport {
  const run = new ScenarioRun(scenario, options);
  while (run.advance());
  return run.report;
}

/** In how small steps `advance` lets time pass. */
const sliceMs = 100;

/** A run that others can look at while it goes on. */
export class ScenarioRun {
  readonly simulation: Simulation;
  private readonly scenario: CheckedScenario;
  private readonly seed: number;
  private readonly course: Iterator<void>;
  private readonly random: SeededRandom;
  private readonly stepCounts: Record<string, number> = {};
  private nodesAdded = 0;
  private eventsSent = 0;
  private settledAfterMs: number | undefined;
  /** The keys that new nodes are given, the primary one first. */
  private keys: readonly Uint8Array[];

  /** Throws as `runScenario`. */
  constructor(given: Scenario, options: RunOptions = {}) {
    const scenario = checkScenario(given);
    const { seed = scenario.seed, checkers = allCheckers } = options;
    const { profile, snapshots, hosts } = scenario;
    this.scenario = scenario;
    this.seed = seed;
    this.random = new SeededRandom(seed, scenarioStream);
    this.keys = scenario.encrypted ? [this.random.fill(new Uint8Array(32))] : [];
    this.simulation = new Simulation({ seed, profile, snapshots, hosts, serf: serfOptionsOf(scenario), checkers });
    this.simulation.network.setConditions(scenario.network);
    this.course = this.play();
  }

  /** Takes a step, or lets a little of the time pass that one waits for; false once nothing is left to be done. */
  advance(): boolean {
    return this.course.next().done !== true;
  }

  /** What has come of it so far. */
  get report(): RunReport {
    const { simulation, seed } = this;
    const { violations, traceHash, nowMs, network } = simulation;
    return {
      seed,
      verdict: violations.length === 0 ? "passed" : "failed",
      violations,
      traceHash,
      simulatedMs: nowMs,
      events: network.eventCount,
      steps: this.stepCounts,
      traffic: { ...network.traffic },
      settledAfterMs: this.settledAfterMs,
    };
  }

  private *play(): Generator<void, void, void> {
    const { simulation } = this;
    for (const step of this.scenario.steps) {
      this.stepCounts[step.kind] = (this.stepCounts[step.kind] ?? 0) + 1;
      if (step.kind === "wait") yield* simulation.until(() => false, step.ms, sliceMs);
      else if (step.kind === "calm") yield* this.calm(step.withinMs);
      else if (step.kind === "expect") yield* this.expect(step);
      else simulation.guarded(() => this.take(step));
      if (simulation.violations.length > 0) return;
      yield;
    }
  }

  private take(step: Exclude<CheckedStep, { kind: "wait" | "calm" | "expect" }>): void {
    const { simulation } = this;
    switch (step.kind) {
      case "addNodes":
        this.addNodes(step.names ?? Array.from({ length: step.count }, () => `n${++this.nodesAdded}`), step.tags);
        return;
      case "intrude":
        this.intrude(step.name);
        return;
      case "partition":
        this.partition(
          step.groups.map((group) => this.find(group)),
          step.oneWay,
        );
        return;
      case "reject":
        simulation.network.reject(this.places(step.from), this.places(step.to));
        return;
      case "heal":
        simulation.network.heal();
        return;
      case "loss":
        this.setConditions(step, { loss: step.share, streamLoss: step.share });
        return;
      case "latency":
        this.setConditions(step, { latency: step.latency });
        return;
      case "conditions":
        this.setConditions(step, step.conditions);
        return;
      case "repair":
        this.repair();
        return;
      case "event":
      case "query":
      case "rotateKey":
      case "forceLeave":
        this.command(step);
        return;
      default:
        for (const node of this.find(step.nodes)) this.afflict(node, step);
    }
  }

  /** What an operator asks of a cluster, at one of its nodes: the oldest that is up if none is named. */
  private command(step: Extract<CheckedStep, { kind: "event" | "query" | "rotateKey" | "forceLeave" }>): void {
    const { simulation } = this;
    const node = step.node === undefined ? simulation.running[0] : simulation.node(step.node);
    if (node === undefined || !node.isUp) return;
    switch (step.kind) {
      case "event":
        for (let sent = 0; sent < step.count; sent++)
          simulation.sendEvent(node, `event-${++this.eventsSent}`, this.random.fill(new Uint8Array(step.payloadBytes)));
        return;
      case "query":
        simulation.ask(node);
        return;
      case "rotateKey":
        this.rotateKey(node);
        return;
      case "forceLeave":
        node.command(() => {
          if (node.isUp && node.name !== step.of) node.serf.forceLeave(step.of, step.prune, () => undefined);
        });
    }
  }

  private afflict(
    node: SimulatedNode,
    step: Extract<
      CheckedStep,
      { kind: "crash" | "restart" | "pause" | "stall" | "resume" | "drift" | "jump" | "disk" | "setTags" | "leave" }
    >,
  ): void {
    const { simulation } = this;
    const { host } = node;
    switch (step.kind) {
      case "crash":
        host.disk.tornBytes = step.tornBytes;
        simulation.crash(node, !step.power);
        return;
      case "restart":
        this.restart(node, step.storage, step.address);
        return;
      case "pause":
        host.pause();
        if (step.forMs !== undefined) simulation.network.after(step.forMs, () => host.resume());
        return;
      case "stall":
        host.stall();
        if (step.forMs !== undefined) simulation.network.after(step.forMs, () => host.resume());
        return;
      case "resume":
        host.resume();
        return;
      case "drift":
        host.clock.drift(step.rate);
        return;
      case "jump":
        host.clock.jump(step.ms);
        return;
      case "disk":
        this.setDisk(node, step.state);
        return;
      case "setTags":
        simulation.setTags(node, step.tags);
        return;
      case "leave":
        simulation.leave(node);
    }
  }

  private addNodes(names: readonly string[], tags: SerfOptions["tags"] = {}): void {
    const { simulation } = this;
    for (const name of names) {
      const former = simulation.node(name);
      if (former !== undefined) {
        if (!former.isUp) this.restart(former, "kept", "same");
        continue;
      }
      const node = this.start(name, undefined, tags);
      if (node !== undefined && simulation.lives.length > 1) simulation.join(node);
    }
  }

  private intrude(name: string): void {
    const { simulation } = this;
    if (simulation.node(name)?.isUp !== true) return;
    const node = this.start(name);
    if (node !== undefined) simulation.join(node);
  }

  /** Undefined if its disk does not let it start: then it stays as it was. */
  private start(name: string, place?: Endpoint, tags: SerfOptions["tags"] = {}): SimulatedNode | undefined {
    try {
      return this.simulation.start(name, place, { tags, memberlist: { keys: this.keys } });
    } catch (error) {
      if (error instanceof SerfError && error.code === "SNAPSHOT_FAILED") return undefined;
      throw error;
    }
  }

  /** With its files a node finds back by itself, if they name anybody; without them it has to be told whom to join. */
  private restart(node: SimulatedNode, storage: "kept" | "lost", address: "same" | "new"): void {
    const { simulation } = this;
    if (node.isUp) simulation.crash(node);
    if (node.condition === "leaving") return;
    const { disk } = node.host;
    if (storage === "lost") disk.remove(snapshotPath);
    const isNew = address === "new" || simulation.network.isTaken(node.host);
    const place = isNew ? simulation.newPlace() : node.host;
    if (isNew) simulation.network.moveDisk(node.host, place);
    const next = this.start(node.name, place, node.tags);
    if (next === undefined) return;
    if (!namesOthers(next.formerSnapshot, node.name) || isNew) simulation.join(next);
  }

  private partition(groups: readonly (readonly SimulatedNode[])[], oneWay: boolean): void {
    const { network } = this.simulation;
    const places = groups.map((group) => group.map(({ host }) => host));
    for (const [index, group] of places.entries()) {
      for (const other of places.slice(index + 1)) {
        if (oneWay && index > 0) continue;
        if (oneWay) network.cut(group, other);
        else network.partition(group, other);
      }
    }
  }

  private setConditions(
    { from, to }: { readonly from?: string[] | undefined; readonly to?: string[] | undefined },
    conditions: Parameters<Simulation["network"]["setConditions"]>[0],
  ): void {
    const { network } = this.simulation;
    if (from === undefined && to === undefined) network.setConditions(conditions);
    else network.setLink(from && this.places(from), to && this.places(to), conditions);
  }

  private places(names: readonly string[]) {
    return this.find(names).map(({ host }) => host);
  }

  private repair(): void {
    const { network } = this.simulation;
    network.clearLinks();
    network.setConditions({ ...fairConditions, ...this.scenario.network });
  }

  private setDisk(node: SimulatedNode, state: "full" | "readOnly" | "sound"): void {
    const { disk } = node.host;
    if (state !== "sound") node.hasSoundDisk = false;
    disk.isReadOnly = state === "readOnly";
    disk.capacityBytes = state === "full" ? 0 : Number.POSITIVE_INFINITY;
  }

  /** As an operator does it: one change after the other, each when the one before has reached everybody. */
  private rotateKey(node: SimulatedNode): void {
    const [key] = this.keys;
    if (key === undefined) return;
    const next = this.random.fill(new Uint8Array(32));
    const change = (operation: "install" | "use" | "remove", of: Uint8Array, then: () => void) => {
      if (!node.isUp) return;
      node.serf.requestKeys(operation, base64(of), ({ problem, nodeCount }) => {
        if (problem === undefined && nodeCount === this.simulation.running.length) then();
      });
    };
    node.command(() =>
      change("install", next, () =>
        change("use", next, () => {
          this.keys = [next, key];
          change("remove", key, () => undefined);
        }),
      ),
    );
  }

  private *calm(given: number | undefined): Generator<void, void, void> {
    const { simulation } = this;
    const withinMs = given ?? settlingMs(simulation);
    const beganMs = simulation.nowMs;
    simulation.network.heal();
    this.repair();
    for (const node of simulation.nodes) {
      node.host.resume();
      node.host.clock.drift(1);
      node.host.disk.isReadOnly = false;
      node.host.disk.capacityBytes = Number.POSITIVE_INFINITY;
    }
    simulation.joinForgotten();
    if (yield* simulation.until(() => simulation.unsettled() === undefined, withinMs, 1_000)) {
      this.settledAfterMs = simulation.nowMs - beganMs;
      return;
    }
    const left = simulation.unsettled();
    if (left !== undefined && simulation.violations.length === 0)
      simulation.report(left.checker, `${left.problem}, ${Math.round(withinMs / 1000)} s after the last fault`);
  }

  private *expect({ of, status, at, withinMs }: Extract<CheckedStep, { kind: "expect" }>): Generator<void, void, void> {
    const { simulation } = this;
    const otherwise = (): string | undefined => {
      for (const node of this.find(at)) {
        if (!node.isUp || node.name === of) continue;
        const seen = node.serf.members().find(({ name }) => name === of)?.status ?? "unknown";
        if (seen !== status) return `${node.name} holds ${of} for ${seen}, expected was ${status}`;
      }
      return undefined;
    };
    if (yield* simulation.until(() => otherwise() === undefined, withinMs, 100)) return;
    const problem = otherwise();
    if (problem !== undefined) simulation.report("expectations", problem);
  }

  /** The newest lives of those names that there are; a shrunk scenario may name nodes that it no longer has. */
  private find(names: readonly string[]): SimulatedNode[] {
    const { simulation } = this;
    const found = new Set<SimulatedNode>();
    for (const name of names) {
      if (name === "all") for (const node of simulation.nodes) found.add(node);
      for (const one of expandRange(name)) {
        const node = simulation.node(one);
        if (node !== undefined) found.add(node);
      }
    }
    return [...found];
  }
}

function base64(bytes: Uint8Array): string {
  return btoa(String.fromCharCode(...bytes));
}
