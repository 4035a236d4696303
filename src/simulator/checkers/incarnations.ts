import { isSameEndpoint } from "../../base/address.ts";
import type { Checker, CheckerFactory, MemberChange, Report } from "./checker.ts";

/**
 * Incarnations are how news is told from rumours. As long as a member is listed at one address, no observer's incarnation of it falls; a
 * node's own never does.
 */
class Incarnations implements Checker {
  readonly name = "incarnations";
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  memberChanged({ observer, before, after }: MemberChange): void {
    if (before === undefined || after === undefined || after.incarnation >= before.incarnation) return;
    const isOwn = after.name === observer.name;
    // A name that was free begins to count anew with whoever takes it over, at another address.
    if (!isOwn && !isSameEndpoint(before.descriptor, after.descriptor)) return;
    const whose = isOwn ? "its own incarnation" : `the incarnation of ${after.name}`;
    this.report(`${whose} fell from ${before.incarnation} to ${after.incarnation}`, observer);
  }
}

export const incarnations: CheckerFactory = {
  name: "incarnations",
  create: (_, report) => new Incarnations(report),
};
