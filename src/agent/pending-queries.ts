import type { QueryEvent } from "../serf/events.ts";

/** A client that answers none of its queries makes us forget the oldest, not fill our memory. */
const pendingMax = 4096;

interface PendingQuery {
  readonly query: QueryEvent;
  readonly timer: NodeJS.Timeout;
}

/** The queries that one client was told of and may still answer, by the numbers it knows them by. */
export class PendingQueries {
  private readonly pending = new Map<number, PendingQuery>();
  private lastId = 0;

  /** Returns the number under which the query can be answered until its time is up. */
  register(query: QueryEvent): number {
    this.lastId += 1;
    const id = this.lastId;
    const timer = setTimeout(() => this.pending.delete(id), query.timeoutMs).unref();
    this.pending.set(id, { query, timer });
    if (this.pending.size > pendingMax) this.forget(this.pending.keys().next().value!);
    return id;
  }

  find(id: number): QueryEvent | undefined {
    return this.pending.get(id)?.query;
  }

  clear(): void {
    for (const id of [...this.pending.keys()]) this.forget(id);
  }

  private forget(id: number): void {
    clearTimeout(this.pending.get(id)?.timer);
    this.pending.delete(id);
  }
}
