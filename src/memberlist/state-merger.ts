import type { Timer } from "../base/host.ts";
import type { Rejected } from "../base/rejected.ts";
import type { NodeStateRecord } from "../wire/messages.ts";
import { unknownVersions, VersionRange } from "../wire/versions.ts";
import type { Foundations } from "./foundations.ts";
import type { Member } from "./member.ts";
import type { Membership } from "./membership.ts";

/** What is known already counts one, and what may be news this many. */
const newsCost = 128;
/** What is merged between two looks at packets and timers: some ten milliseconds. A state of up to 512 new members is merged at once. */
const costPerTurn = 512 * newsCost;
/** Of all states that wait: as many as one message may hold. */
const waitingRecordsMax = 2 ** 20;

export interface MergerSurroundings extends Foundations {
  readonly membership: Membership;
  /** The other side suspects a node of this node's name. */
  suspectHeard(namesake: Member): void;
}

interface RemoteState {
  readonly nodes: readonly NodeStateRecord[];
  readonly userState: Uint8Array;
  readonly join: boolean;
  readonly done: (problem: string | undefined) => void;
}

/**
 * Takes over what others know: a slice at a time where it is much, so that pings are answered meanwhile, and one state after the other, in the
 * order in which they came. Nothing is allocated for members of which nothing is new.
 */
export class StateMerger {
  private readonly around: MergerSurroundings;
  private readonly waiting: RemoteState[] = [];
  private waitingRecords = 0;
  /** How far the first of those that wait is merged. */
  private merged = 0;
  /** The layer above at its part of it. */
  private userMerge: Iterator<unknown> | undefined;
  private timer: Timer | undefined;
  /** Before the first of those that wait this node knew nobody. */
  private isIntroduction = false;

  constructor(around: MergerSurroundings) {
    this.around = around;
  }

  /**
   * Calls `done` once, with the reason if all of it was refused: at once if it is little and nothing else waits; never after `stop`. The layer
   * above gets its part when the members are merged.
   */
  merge(state: RemoteState): void {
    if (this.waiting.length > 0 && this.waitingRecords + state.nodes.length > waitingRecordsMax) {
      state.done("too many states are waiting to be merged");
      return;
    }
    this.waiting.push(state);
    this.waitingRecords += state.nodes.length;
    if (this.waiting.length === 1) this.begin(state);
  }

  stop(): void {
    this.timer?.cancel();
    this.waiting.length = this.waitingRecords = 0;
    this.userMerge = undefined;
  }

  private begin(state: RemoteState): void {
    const problem = this.findProblem(state);
    if (problem !== undefined) {
      this.finish(state, problem);
      return;
    }
    // Looked at before this node refutes: a suspicion that is gossiped does not say where the suspect is.
    const { membership, options } = this.around;
    const { nodeName } = options;
    const suspect = state.nodes.find((record) => record.state === "suspect" && record.name === nodeName);
    if (suspect !== undefined) this.around.suspectHeard(this.asMember(suspect));
    this.isIntroduction = state.join && membership.size === 1 && options.dissemination === "eager";
    this.proceed(state);
  }

  private proceed(state: RemoteState): void {
    const { membership } = this.around;
    const { nodes } = state;
    for (let cost = 0; cost < costPerTurn && this.merged < nodes.length; )
      cost += membership.merge(nodes[this.merged++]!, this.isIntroduction) ? newsCost : 1;
    // Somebody who was told of a member may have stopped this node.
    if (this.waiting[0] !== state) return;
    if (this.merged === nodes.length && this.proceedAbove(state)) this.finish(state, undefined);
    else if (this.waiting[0] === state) this.timer = this.around.timers.after(0, () => this.proceed(state));
  }

  /** True when the layer above has taken over its part. */
  private proceedAbove({ userState, join }: RemoteState): boolean {
    const { userData } = this.around.delegates;
    if (userState.length === 0 || userData === undefined) return true;
    this.userMerge ??= userData.mergeInSlices?.(userState, join);
    if (this.userMerge !== undefined) return this.userMerge.next().done === true;
    userData.mergeRemoteState(userState, join);
    return true;
  }

  private finish(state: RemoteState, problem: string | undefined): void {
    // As above.
    if (this.waiting[0] !== state) return;
    this.waiting.shift();
    this.waitingRecords -= state.nodes.length;
    this.merged = 0;
    this.userMerge = undefined;
    const next = this.waiting[0];
    if (next !== undefined) this.timer = this.around.timers.after(0, () => this.begin(next));
    state.done(problem);
  }

  private findProblem({ nodes, join }: RemoteState): string | undefined {
    const { merge } = this.around.delegates;
    const problem = this.findIncompatible(nodes);
    if (problem !== undefined || !join || merge === undefined) return problem;
    return merge.refuseMerge(nodes.map((record) => this.asMember(record)));
  }

  /** One member that does not understand the others, there or here, and nothing is merged. By index: an iterator would allocate for each member. */
  private findIncompatible(nodes: readonly NodeStateRecord[]): string | undefined {
    const { table } = this.around;
    const range = new VersionRange();
    for (let index = 0; index < nodes.length; index++) range.narrow(nodes[index]!.state, nodes[index]!.versions);
    for (let row = 0; row < table.length; row++) range.narrow(table.stateOf(row), table.descriptorOf(row).versions);
    let problem: Rejected | undefined;
    for (let index = 0; index < nodes.length; index++)
      problem ??= range.exclude(nodes[index]!.name, nodes[index]!.versions);
    for (let row = 0; row < table.length; row++) {
      const { name, versions } = table.descriptorOf(row);
      problem ??= range.exclude(name, versions);
    }
    return problem?.detail;
  }

  private asMember(record: NodeStateRecord): Member {
    const { port, versions = unknownVersions } = record;
    return { ...record, port: this.around.knownPort(port), versions };
  }
}
