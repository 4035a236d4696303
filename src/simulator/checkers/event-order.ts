import type { SerfEvent } from "../../serf/events.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, Report } from "./checker.ts";

/** The user events that one exchange of everything brings are told in Lamport order. Gossip promises no order. */
class EventOrder implements Checker {
  readonly name = "event-order";
  private readonly report: Report;
  /** The last event of the turn that is under way. */
  private readonly newest = new Map<SimulatedNode, number>();

  constructor(report: Report) {
    this.report = report;
  }

  turned(node: SimulatedNode): void {
    this.newest.delete(node);
  }

  told(node: SimulatedNode, event: SerfEvent): void {
    if (event.kind !== "user" || node.host.process.cause !== "stream") return;
    const before = this.newest.get(node) ?? 0;
    if (event.lamportTime < before)
      this.report(`was told the event ${event.name} of time ${event.lamportTime} after one of ${before}`, node);
    this.newest.set(node, event.lamportTime);
  }
}

export const eventOrder: CheckerFactory = { name: "event-order", create: (_, report) => new EventOrder(report) };
