import { utf8Decode } from "../../base/bytes.ts";
import type { SerfEvent } from "../../serf/events.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, Report } from "./checker.ts";

/** Lines wait 20 ms for others, and a write may be under way; by clocks that may change their speed meanwhile. */
const writtenWithinMs = 100;

interface Told {
  readonly atMs: number;
  readonly lamportTime: number;
}

/**
 * A node that restarts with its files goes on where it was: none of its clocks is behind what the file says, it is not told again what the file says that
 * it was told, and the file has kept what was told more than a moment before the process was killed, as long as its disk took what was written and kept its power.
 */
class Snapshots implements Checker {
  readonly name = "snapshots";
  private readonly report: Report;
  private readonly toldIn = new WeakMap<SimulatedNode, Told[]>();
  /** In a life: events up to this time were told to the former one, and are written down. */
  private readonly notAgain = new WeakMap<SimulatedNode, number>();

  constructor(report: Report) {
    this.report = report;
  }

  nodeStarted(node: SimulatedNode, former: SimulatedNode | undefined): void {
    const written = readClocks(node.formerSnapshot);
    if (written === undefined) return;
    this.notAgain.set(node, written.eventClock);
    const { membership, events, queries } = node.serfInside;
    for (const [what, clock, time] of [
      ["membership", membership.clock.time, written.clock],
      ["events", events.clock.time, written.eventClock],
      ["queries", queries.clock.time, written.queryClock],
    ] as const)
      if (clock <= time)
        this.report(`began with the clock of ${what} at ${clock}, and its snapshot says ${time}`, node);
    if (former?.hasSoundDisk) this.checkKept(former, written.eventClock);
  }

  told(node: SimulatedNode, event: SerfEvent): void {
    if (event.kind !== "user") return;
    const { lamportTime } = event;
    if (lamportTime <= (this.notAgain.get(node) ?? 0))
      this.report(`was told an event of time ${lamportTime} again, which its snapshot has`, node);
    const told = this.toldIn.get(node) ?? [];
    this.toldIn.set(node, told);
    told.push({ atMs: node.host.clock.monotonicMs(), lamportTime });
  }

  private checkKept(former: SimulatedNode, eventClock: number): void {
    const endedMs = former.endedMs ?? 0;
    for (const { atMs, lamportTime } of this.toldIn.get(former) ?? []) {
      if (Math.max(atMs, former.host.resumedMs) < endedMs - writtenWithinMs && lamportTime > eventClock)
        this.report(
          `its snapshot lost an event of time ${lamportTime}, told ${endedMs - atMs} ms before the crash`,
          former,
        );
    }
  }
}

/** By a reader of its own: the largest time of each complete line. */
function readClocks(content: Uint8Array | undefined) {
  if (content === undefined) return undefined;
  const clocks = { clock: 0, eventClock: 0, queryClock: 0 };
  const text = utf8Decode(content);
  for (const line of text.slice(0, text.lastIndexOf("\n") + 1).split("\n")) {
    const [, key, time] = /^(clock|event-clock|query-clock): (\d+)$/.exec(line) ?? [];
    if (key === "clock") clocks.clock = Number(time);
    else if (key === "event-clock") clocks.eventClock = Number(time);
    else if (key === "query-clock") clocks.queryClock = Number(time);
    else if (line === "leave") return undefined;
  }
  return clocks;
}

export const snapshots: CheckerFactory = { name: "snapshots", create: (_, report) => new Snapshots(report) };
