import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, Report } from "./checker.ts";

const clockNames = ["membership", "events", "queries"] as const;

/** None of a node's three Lamport clocks ever goes back. */
class LamportClocks implements Checker {
  readonly name = "lamport-clocks";
  private readonly report: Report;
  /** By the id of a node: what its clocks showed when they were looked at last. */
  private readonly shown: [number, number, number][] = [];

  constructor(report: Report) {
    this.report = report;
  }

  turned(node: SimulatedNode): void {
    this.shown[node.id] ??= [0, 0, 0];
    const shown = this.shown[node.id]!;
    for (let index = 0; index < clockNames.length; index++) {
      const name = clockNames[index]!;
      const { time } = node.serfInside[name].clock;
      if (time < shown[index]!) this.report(`the clock of ${name} went back from ${shown[index]} to ${time}`, node);
      shown[index] = time;
    }
  }
}

export const lamportClocks: CheckerFactory = {
  name: "lamport-clocks",
  create: (_, report) => new LamportClocks(report),
};
