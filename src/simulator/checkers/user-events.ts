import type { SerfEvent } from "../../serf/events.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { CheckedWorld, Checker, CheckerFactory, Report, SentEvent } from "./checker.ts";

/** Events are remembered for 512 Lamport times. Somebody cut off while more than these passed cannot be told all of them. */
const promisedTimes = 400;

/**
 * A user event is told at most once in a node's life, and never one that nobody sent. In the end every node has been told it that was up and in
 * the cluster when it was sent and has been ever since, if its sender lives: gossip may lose it, and the exchange of everything
 * brings it after all. Not promised are events beyond the buffer of 512 Lamport times when all is over, events of a sender that crashed before it told anybody, and
 * any to a node that took up its clocks from a snapshot: what has a lower time than it knew it takes for old.
 */
class UserEvents implements Checker {
  readonly name = "user-events";
  private readonly world: CheckedWorld;
  private readonly report: Report;
  private readonly sent = new Map<string, SentEvent>();
  /** Of each event, as its sender told it. */
  private readonly times = new Map<string, number>();
  private readonly toldTo = new Map<SimulatedNode, Set<string>>();

  constructor(world: CheckedWorld, report: Report) {
    this.world = world;
    this.report = report;
  }

  eventSent(event: SentEvent): void {
    this.sent.set(event.name, event);
  }

  told(node: SimulatedNode, event: SerfEvent): void {
    if (event.kind !== "user") return;
    const told = this.toldTo.get(node) ?? new Set();
    this.toldTo.set(node, told);
    if (told.has(event.name)) this.report(`was told the event ${event.name} twice`, node);
    told.add(event.name);
    if (this.sent.get(event.name)?.sender === node) this.times.set(event.name, event.lamportTime);
    if (!this.sent.has(event.name)) this.report(`was told the event ${event.name}, which nobody sent`, node);
  }

  unsettled(): string | undefined {
    const { running } = this.world;
    const newest = Math.max(0, ...running.map(({ serfInside }) => serfInside.events.clock.time));
    for (const event of this.sent.values()) {
      const time = this.times.get(event.name) ?? newest;
      if (!event.sender.isUp || time < newest - promisedTimes) continue;
      for (const node of running) {
        if ((node.formerSnapshot?.length ?? 0) > 0) continue;
        const wasThere = node.joinedMs !== undefined && node.joinedMs < event.atMs;
        if (wasThere && !this.toldTo.get(node)?.has(event.name))
          return `${node.name} has not been told the event ${event.name} of ${event.sender.name}`;
      }
    }
    return undefined;
  }
}

export const userEvents: CheckerFactory = {
  name: "user-events",
  create: (world, report) => new UserEvents(world, report),
};
