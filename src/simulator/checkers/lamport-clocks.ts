import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, Report } from "./checker.ts";

const clockNames = ["membership", "events", "queries"] as const;

/** None of a node's three Lamport clocks ever goes back. */
class LamportClocks implements Checker {
  readonly name = "lamport-clocks";
  private readonly report: Report;
  private readonly shown = new WeakMap<SimulatedNode, [number, number, number]>();

  constructor(report: Report) {
    this.report = report;
  }

  turned(node: SimulatedNode): void {
    let shown = this.shown.get(node);
    if (shown === undefined) {
      shown = [0, 0, 0];
      this.shown.set(node, shown);
    }
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
