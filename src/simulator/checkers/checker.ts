import type { Descriptor } from "../../memberlist/directory.ts";
import type { SerfEvent } from "../../serf/events.ts";
import type { NodeState } from "../../wire/messages.ts";
import type { SimulatedNode } from "../simulated-node.ts";

/** What one node believes of a member. */
export interface Seen {
  readonly name: string;
  readonly state: NodeState;
  readonly incarnation: number;
  readonly descriptor: Descriptor;
}

/** A turn of `observer` changed what it believes. Undefined: it does not list the member. */
export interface MemberChange {
  readonly observer: SimulatedNode;
  readonly before: Seen | undefined;
  readonly after: Seen | undefined;
}

/** A user event that a scenario had sent. Its name is its own. */
export interface SentEvent {
  readonly name: string;
  readonly sender: SimulatedNode;
  readonly atMs: number;
}

/** A question that a scenario had asked. Its payload is its own. */
export interface AskedQuery {
  readonly asker: SimulatedNode;
  readonly payload: string;
}

/** What goes on in a simulation, besides its nodes. */
export interface CheckedWorld {
  readonly nowMs: number;
  /** Every life that there was, the oldest first. */
  readonly lives: readonly SimulatedNode[];
  /** Those that run, and mean to. */
  readonly running: readonly SimulatedNode[];
  /** Nothing is wrong with any link, but that it may be slow, or rejected. */
  readonly isNetworkFair: boolean;
  /** The addresses that a firewall turns away from that address. */
  rejectedFrom(address: string): ReadonlySet<string>;
}

/**
 * Watches for one kind of wrong. A simulation calls what a checker has; `report` says what is wrong, in one sentence, and at whom. Checkers
 * look and never touch.
 */
export interface Checker {
  readonly name: string;
  /** A life begins; `former` is the one before it under that name. */
  nodeStarted?(node: SimulatedNode, former: SimulatedNode | undefined): void;
  /** A life is over, however it ended. */
  nodeEnded?(node: SimulatedNode): void;
  /** After each turn of a process. */
  turned?(node: SimulatedNode): void;
  /** A node believes something else of a member than before. */
  memberChanged?(change: MemberChange): void;
  /** A node told whoever embeds it of an event. */
  told?(node: SimulatedNode, event: SerfEvent): void;
  /** A user event was accepted where it was sent. */
  eventSent?(event: SentEvent): void;
  /** Somebody's answer or ack reached the asker. `payload` is undefined for an ack. */
  answered?(query: AskedQuery, from: string, payload: string | undefined): void;
  /** No more answers will come. */
  queryEnded?(query: AskedQuery): void;
  /**
   * Asked again and again once the faults have ended: what does not yet hold, or undefined. When the time is up it is reported.
   */
  unsettled?(): string | undefined;
}

/** Says that something is wrong. */
export type Report = (problem: string, node?: SimulatedNode) => void;

/** The name of a checker, and how to make one for a simulation. */
export interface CheckerFactory {
  readonly name: string;
  /** A checker for one simulation; it calls `report` for whatever is wrong. */
  create(world: CheckedWorld, report: Report): Checker;
}
