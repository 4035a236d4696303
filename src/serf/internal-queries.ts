import type { Logger } from "../base/host.ts";
import type { QueryEvent } from "./events.ts";
import { internalQueryPrefix } from "./queries.ts";

/** One of Serf's own queries. What it throws is logged. */
export type InternalQueryHandler = (query: QueryEvent) => void;

/** Queries that Serf's nodes ask each other, by name without the prefix; nobody else is told of them. */
export class InternalQueries {
  private readonly handlers: ReadonlyMap<string, InternalQueryHandler>;
  private readonly logger: Logger;

  constructor(handlers: Readonly<Record<string, InternalQueryHandler>>, logger: Logger) {
    this.handlers = new Map(Object.entries(handlers));
    this.logger = logger;
  }

  handle(query: QueryEvent): void {
    const name = query.name.slice(internalQueryPrefix.length);
    const handler = this.handlers.get(name);
    if (handler === undefined) {
      this.logger.log("WARN", `serf: Unhandled internal query '${name}'`);
      return;
    }
    try {
      handler(query);
    } catch (error) {
      this.logger.log("ERR", `serf: Failed to respond to ${name} query: ${(error as Error).message}`);
    }
  }
}
