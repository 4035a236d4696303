import type { SimulatedNode } from "../simulated-node.ts";
import type { Checker, CheckerFactory, Report } from "./checker.ts";

/** Serf's queues may grow so far between two checks of their depth. */
const serfQueueMax = 16_384;
/** Streams that a node serves at once (512) and those that it opens: probes, push/pulls, joins and large messages. */
const streamsMax = 1_024;
/** In units of an option: alive messages, others about members, and eight times as many of the layer above. */
const inboxShares = 10;
/** Own probes, relayed ones (1,024 at most) and checks of names. */
const acksMax = 1_100;

/** No queue, table or buffer passes its bound, and every suspicion has its suspect. */
class Bounds implements Checker {
  readonly name = "bounds";
  private readonly report: Report;

  constructor(report: Report) {
    this.report = report;
  }

  turned(node: SimulatedNode): void {
    const { memberlistInside: inside, serfInside, host } = node;
    const { options } = node.serf.memberlist;
    const { intents, queries, events } = serfInside.broadcasts;
    this.check(node, "members", inside.table.length, options.membersMax);
    this.check(node, "broadcasts", inside.broadcasts.length, Math.min(options.broadcastsMax, inside.table.length + 2));
    this.check(node, "waiting messages", inside.inbox.length, inboxShares * options.inboxLengthMax);
    this.check(node, "awaited acks", inside.acks.size, acksMax);
    this.check(node, "intents", intents.length, serfQueueMax);
    this.check(node, "queries", queries.length, serfQueueMax);
    this.check(node, "events", events.length, serfQueueMax);
    this.check(node, "streams", host.transport.streamCount, streamsMax);
    if (node.serf.state === "shutdown") return;
    const suspects = inside.table.countIn("suspect");
    if (inside.suspicionCount() !== suspects)
      this.report(`lists ${suspects} suspects and runs ${inside.suspicionCount()} suspicions`, node);
  }

  private check(node: SimulatedNode, what: string, count: number, max: number): void {
    if (count > max) this.report(`has ${count} ${what}, at most ${max} are allowed`, node);
  }
}

export const bounds: CheckerFactory = { name: "bounds", create: (_, report) => new Bounds(report) };
