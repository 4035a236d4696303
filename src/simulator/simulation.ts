import { type Endpoint, isSameEndpoint, memberPortDefault } from "../base/address.ts";
import { utf8Decode, utf8Encode } from "../base/bytes.ts";
import { messageOf } from "../base/errors.ts";
import { Directory } from "../memberlist/directory.ts";
import { type MemberlistProfile, memberlistProfiles } from "../memberlist/options.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { Tags } from "../serf/member.ts";
import type { SerfOptions } from "../serf/options.ts";
import type { CheckedWorld, Checker, CheckerFactory, MemberChange } from "./checkers/checker.ts";
import { MemberWatch } from "./member-watch.ts";
import { SimulatedNetwork, type SimulatedNetworkOptions } from "./simulated-network.ts";
import { type NodeWatcher, SimulatedNode } from "./simulated-node.ts";
import type { TurnCause } from "./simulated-process.ts";
import { TraceHash } from "./trace-hash.ts";

/** Where every node keeps its snapshot, on its own disk. */
export const snapshotPath = "snapshot";
/** How often a node that has found nobody tries again. */
const joinAgainMs = 10_000;
const turnCauses: readonly TurnCause[] = ["packet", "stream", "timer"];
/** After so many nothing new is learnt. */
const violationsMax = 10;

/** What is wrong, seen by a checker. */
export interface Violation {
  readonly checker: string;
  readonly atMs: number;
  /** Whom it was seen at, if anybody. */
  readonly node: string | undefined;
  readonly problem: string;
}

/** What all nodes of a simulation have in common. */
export interface SimulationOptions extends SimulatedNetworkOptions {
  readonly profile?: MemberlistProfile;
  /** Nodes keep snapshots, and so their members and clocks when they restart. Default false. */
  readonly snapshots?: boolean;
  /** On how many hosts the nodes are, by turns; each has a port of its own. By default each has a host of its own. */
  readonly hosts?: number | undefined;
  /** Options of every node, beyond the profile. */
  readonly serf?: Partial<SerfOptions>;
  readonly checkers?: readonly CheckerFactory[];
}

/** A Serf cluster in virtual time, with checkers that watch it. What happens in it is up to whoever calls; see `runScenario`. */
export class Simulation implements CheckedWorld, NodeWatcher {
  readonly network: SimulatedNetwork;
  readonly violations: Violation[] = [];
  readonly lives: SimulatedNode[] = [];
  readonly checkers: readonly Checker[];
  private readonly options: SimulationOptions;
  private readonly directory = new Directory();
  private readonly current = new Map<string, SimulatedNode>();
  /** Those checkers that look at a node after each of its turns. */
  private readonly turnCheckers: readonly Checker[];
  /** By the id of a node. */
  private readonly watches: MemberWatch[] = [];
  private readonly trace = new TraceHash();
  private placesUsed = 0;
  private asked = 0;

  constructor(options: SimulationOptions) {
    this.options = options;
    this.network = new SimulatedNetwork({ logLinesMax: 0, ...options });
    this.checkers = (options.checkers ?? []).map(({ name, create }) =>
      create(this, (problem, node) => this.report(name, problem, node)),
    );
    this.turnCheckers = this.checkers.filter(({ turned }) => turned !== undefined);
  }

  get nowMs(): number {
    return this.network.nowMs;
  }

  get isNetworkFair(): boolean {
    return this.network.isFair;
  }

  rejectedFrom(address: string): ReadonlySet<string> {
    return this.network.rejectedFrom({ address });
  }

  get running(): readonly SimulatedNode[] {
    return [...this.current.values()].filter((node) => node.isUp);
  }

  /** Every name's newest life, or the one before that kept its name. */
  get nodes(): readonly SimulatedNode[] {
    return [...this.current.values()];
  }

  /** The same for every run of the same seed and calls. */
  get traceHash(): string {
    return this.trace.digest();
  }

  /** The newest life of that name, or the one before if that kept its name. */
  node(name: string): SimulatedNode | undefined {
    return this.current.get(name);
  }

  /** An address and port that no node has had. */
  newPlace(): Endpoint {
    const index = this.placesUsed++;
    const { hosts = Number.POSITIVE_INFINITY } = this.options;
    const number = 1 + (index % hosts);
    const address = `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
    return { address, port: memberPortDefault + Math.floor(index / hosts) };
  }

  /** Starts a node that has joined nobody yet: a new one, or one that comes back. Throws as Serf does. */
  start(name: string, { address, port } = this.newPlace(), more: Partial<SerfOptions> = {}): SimulatedNode {
    const { profile = "lan", snapshots = false, serf = {} } = this.options;
    const memberlist = { ...memberlistProfiles[profile], ...serf.memberlist, ...more.memberlist };
    const options = { ...serf, ...more, memberlist, ...(snapshots ? { snapshotPath } : {}) };
    const host = this.network.createHost({ address, port, name });
    const id = this.lives.length;
    let node: SimulatedNode;
    try {
      node = new SimulatedNode({ name, id, startedMs: this.nowMs }, host, options, this.directory, this);
    } catch (error) {
      host.crash();
      throw error;
    }
    const former = this.current.get(name);
    this.lives.push(node);
    if (this.checkers.some(({ memberChanged }) => memberChanged !== undefined)) this.watch(node);
    this.tellAll((checker) => checker.nodeStarted?.(node, former));
    this.current.set(name, node);
    node.command(() => node.serf.start());
    return node;
  }

  /** Joins, and tries again until that has succeeded or the node is not up any more. */
  join(node: SimulatedNode, target: () => SimulatedNode | undefined = () => this.contactFor(node)): void {
    const again = () => void node.host.timers.after(joinAgainMs, attempt);
    const attempt = () => {
      if (!node.isUp) return;
      const contact = target();
      if (contact === undefined) again();
      else
        node.serf.join([contact.endpoint], true, ({ joined }) => {
          if (joined === 0) again();
        });
    };
    node.command(attempt);
  }

  /**
   * Has nodes join whom nobody that runs knows, and who know nobody that runs, since all of them have ended or another had taken their name: nothing
   * in the protocol brings such a node and the others together again, but whoever runs it. A newcomer that never got to know anybody is none.
   */
  joinForgotten(): void {
    const { running } = this;
    // Nobody looks for a member that has left, even where it is back.
    const knows = (one: SimulatedNode, other: SimulatedNode) =>
      one.serf
        .members()
        .some((member) => member.name === other.name && isSameEndpoint(member, other.host) && member.status !== "left");
    for (const node of running) {
      const knewOthers = node.serf.members().length > 1;
      const wasReplaced = this.lives.some(
        ({ name, endedMs }) => name === node.name && endedMs !== undefined && endedMs > node.startedMs,
      );
      const others = running.filter((other) => other.name !== node.name);
      const isForgotten = !others.some((other) => knows(node, other) || knows(other, node));
      if ((knewOthers || wasReplaced) && isForgotten) this.join(node);
    }
  }

  /** Ends a process at once; with `losesPower` all on its host, and their disks forget what was not synced. */
  crash(node: SimulatedNode, losesPower = false): void {
    if (node.endedMs !== undefined) return;
    const { address } = node.host;
    const hit = losesPower ? this.lives.filter(({ host }) => host.address === address) : [node];
    for (const one of hit) {
      if (one.endedMs !== undefined) continue;
      if (one.host.isPaused || losesPower) one.hasSoundDisk = false;
      if (losesPower) one.host.losePower();
      else one.host.crash();
      this.end(one, "down");
    }
  }

  /** Has a node leave and then shut down. */
  leave(node: SimulatedNode): void {
    if (!node.isUp) return;
    node.command(() => {
      if (!node.isUp) return;
      node.end("leaving");
      node.serf.leave(() => {
        if (node.condition !== "leaving") return;
        node.serf.shutdown();
        this.end(node, "left");
      });
    });
  }

  /** Sends a user event. Its name should be its own: it is by names that checkers tell events apart. */
  sendEvent(sender: SimulatedNode, name: string, payload: Uint8Array, coalesce = false): void {
    sender.command(() => {
      if (!sender.isUp) return;
      const event = { name, sender, atMs: this.nowMs };
      this.tellAll((checker) => checker.eventSent?.(event));
      sender.serf.userEvent(name, payload, coalesce);
    });
  }

  /** Asks everybody; nodes of a simulation answer with the payload and their name. */
  ask(asker: SimulatedNode, requestAck = true): void {
    const query = { asker, payload: `question-${++this.asked}` };
    const { payload } = query;
    asker.command(() => {
      if (!asker.isUp) return;
      asker.serf.query(
        payload,
        utf8Encode(payload),
        { requestAck },
        {
          acked: (from) => this.tellAll((checker) => checker.answered?.(query, from, undefined)),
          responded: (from, answer) => this.tellAll((checker) => checker.answered?.(query, from, utf8Decode(answer))),
          ended: () => this.tellAll((checker) => checker.queryEnded?.(query)),
        },
      );
    });
  }

  /** Replaces the tags of a node. */
  setTags(node: SimulatedNode, tags: Tags): void {
    node.command(() => {
      if (!node.isUp) return;
      node.serf.setTags(tags, () => undefined);
      node.tags = tags;
    });
  }

  /** Lets `ms` pass, or less if something turns out to be wrong. */
  run(ms: number): void {
    this.guarded(() => this.network.runUntil(() => this.violations.length > 0, ms));
  }

  /** Lets time pass in such steps until the condition holds or something is wrong; returns whether it holds. */
  runUntil(condition: () => boolean, limitMs: number, stepMs = 1_000): boolean {
    const course = this.until(condition, limitMs, stepMs);
    for (;;) {
      const { done, value } = course.next();
      if (done === true) return value;
    }
  }

  /** As `runUntil`, and hands control back after each step. */
  *until(condition: () => boolean, limitMs: number, stepMs: number): Generator<void, boolean, void> {
    const deadlineMs = this.nowMs + limitMs;
    while (!condition()) {
      if (this.violations.length > 0 || this.nowMs >= deadlineMs) return false;
      this.run(Math.min(stepMs, deadlineMs - this.nowMs));
      yield;
    }
    return true;
  }

  /** What checkers still miss, now that nothing goes wrong any more. */
  unsettled(): { readonly checker: string; readonly problem: string } | undefined {
    for (const checker of this.checkers) {
      const problem = checker.unsettled?.();
      if (problem !== undefined) return { checker: checker.name, problem };
    }
    return undefined;
  }

  /** Notes a violation, so that the verdict is bad; beyond some no more are kept. */
  report(checker: string, problem: string, node?: SimulatedNode): void {
    if (this.violations.length >= violationsMax) return;
    this.violations.push({ checker, atMs: this.nowMs, node: node?.name, problem });
  }

  /** An exception from the protocol is a violation like others. */
  guarded(action: () => void): void {
    try {
      action();
    } catch (error) {
      this.report("exceptions", error instanceof Error ? (error.stack ?? error.message) : messageOf(error));
    }
  }

  /** Called by nodes. */
  turned(node: SimulatedNode, cause: TurnCause): void {
    this.trace.addNumber(this.nowMs);
    this.trace.addNumber(this.network.traffic.packetBytes);
    this.trace.addWord(node.id * turnCauses.length + turnCauses.indexOf(cause));
    if (node.joinedMs === undefined && node.serf.memberlist.aliveCount > 1) node.joinedMs = this.nowMs;
    this.watches[node.id]?.check();
    for (const checker of this.turnCheckers) checker.turned!(node);
  }

  /** Called by nodes. */
  told(node: SimulatedNode, event: SerfEvent): void {
    this.trace.addText(event.kind);
    if ("name" in event) this.trace.addText(event.name);
    else for (const { name } of event.members) this.trace.addText(name);
    this.tellAll((checker) => checker.told?.(node, event));
    if (event.kind === "query") event.respond(utf8Encode(`${utf8Decode(event.payload)} by ${node.name}`));
  }

  /** Called by nodes. */
  lostName(node: SimulatedNode): void {
    this.ended(node);
  }

  private watch(node: SimulatedNode): void {
    const changed = (change: MemberChange) => this.tellAll((checker) => checker.memberChanged?.(change));
    this.watches[node.id] = new MemberWatch(node, changed);
  }

  private tellAll(action: (checker: Checker) => void): void {
    for (const checker of this.checkers) action(checker);
  }

  private end(node: SimulatedNode, condition: "down" | "left"): void {
    node.end(condition);
    this.ended(node);
  }

  /** However whoever came under a name in use ends, the name is again the one's that had it and still runs. */
  private ended(node: SimulatedNode): void {
    const other = this.lives.findLast(({ name, isUp }) => name === node.name && isUp);
    if (other !== undefined && this.current.get(node.name) === node) this.current.set(node.name, other);
    this.tellAll((checker) => checker.nodeEnded?.(node));
  }

  /** The oldest of the others: whoever looks for the cluster finds the same one. */
  private contactFor(node: SimulatedNode): SimulatedNode | undefined {
    return this.running.filter((other) => other !== node).sort((a, b) => a.id - b.id)[0];
  }
}
