import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, MemberChange, Report } from "./checker.ts";

/** A node that has not begun to leave holds itself for alive, and goes on listing itself whatever others say. */
class OwnLife implements Checker {
  readonly name = "own-life";
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  memberChanged({ observer, after, before }: MemberChange): void {
    const own = after ?? before;
    if (own?.name !== observer.name || observer.condition !== "up") return;
    if (after === undefined) this.report("does not list itself any more", observer);
    else if (after.state !== "alive") this.report(`holds itself for ${after.state}`, observer);
  }

  turned(node: SimulatedNode): void {
    const { serf } = node;
    if (node.condition !== "up" || serf.state !== "alive") return;
    const { status } = serf.localMember;
    // A leave of before a restart may still be told; the node answers it at once.
    if (status !== "alive") this.report(`holds itself for ${status}`, node);
  }
}

export const ownLife: CheckerFactory = { name: "own-life", create: (_, report) => new OwnLife(report) };
