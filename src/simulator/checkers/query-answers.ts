import type { SerfEvent } from "../../serf/events.ts";
import type { SimulatedNode } from "../simulated-node.ts";
import type { AskedQuery, CheckedWorld, Checker, CheckerFactory, Report } from "./checker.ts";

/** A query is told once at a node, and an answer is by a node to the query that was asked, comes once from each, and not after the end. */
class QueryAnswers implements Checker {
  readonly name = "query-answers";
  private readonly world: CheckedWorld;
  private readonly report: Report;
  private readonly heard = new Map<AskedQuery, Set<string>>();
  private readonly toldTo = new Map<SimulatedNode, Set<string>>();
  private readonly over = new Set<AskedQuery>();

  constructor(world: CheckedWorld, report: Report) {
    this.world = world;
    this.report = report;
  }

  told(node: SimulatedNode, event: SerfEvent): void {
    if (event.kind !== "query") return;
    const told = this.toldTo.get(node) ?? new Set();
    this.toldTo.set(node, told);
    if (told.has(event.name)) this.report(`was asked ${event.name} twice`, node);
    told.add(event.name);
  }

  answered(query: AskedQuery, from: string, payload: string | undefined): void {
    const kind = payload === undefined ? "ack" : "answer";
    const heard = this.heard.get(query) ?? new Set();
    this.heard.set(query, heard);
    if (this.over.has(query)) this.report(`was told of an ${kind} of ${from} after the end of the query`, query.asker);
    if (heard.has(`${kind} ${from}`)) this.report(`was told of the ${kind} of ${from} twice`, query.asker);
    heard.add(`${kind} ${from}`);
    if (!this.world.lives.some(({ name }) => name === from)) this.report(`has an ${kind} of ${from}, who is nobody`);
    if (payload !== undefined && payload !== `${query.payload} by ${from}`)
      this.report(`asked ${query.payload} and has the answer ${payload} of ${from}`, query.asker);
  }

  queryEnded(query: AskedQuery): void {
    if (this.over.has(query)) this.report(`was told twice that the query ${query.payload} ended`, query.asker);
    this.over.add(query);
  }
}

export const queryAnswers: CheckerFactory = {
  name: "query-answers",
  create: (world, report) => new QueryAnswers(world, report),
};
