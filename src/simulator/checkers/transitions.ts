import { isSameEndpoint } from "../../base/address.ts";
import type { NodeState } from "../../wire/messages.ts";
import type { Checker, CheckerFactory, MemberChange, Report, Seen } from "./checker.ts";

/** With one incarnation a state can only become worse. */
const severity: Readonly<Record<NodeState, number>> = { alive: 0, suspect: 1, dead: 2, left: 2 };

/**
 * Nobody comes back from suspicion or from the dead but with a higher incarnation, or as a newcomer at another address whose name was free; and who is
 * gone does not change the way in which it went.
 */
class Transitions implements Checker {
  readonly name = "transitions";
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  memberChanged({ observer, before, after }: MemberChange): void {
    if (before === undefined || after === undefined || before.state === after.state) return;
    if (after.incarnation > before.incarnation || isTakenOver(before, after)) return;
    const isWorse = severity[after.state] > severity[before.state];
    if (isWorse) return;
    this.report(
      `${after.name} turned from ${before.state} to ${after.state} at incarnation ${after.incarnation}`,
      observer,
    );
  }
}

/** Within one turn a member can also leave, and then be replaced. */
function isTakenOver(before: Seen, after: Seen): boolean {
  return !isSameEndpoint(before.descriptor, after.descriptor);
}

export const transitions: CheckerFactory = { name: "transitions", create: (_, report) => new Transitions(report) };
