import type { Logger } from "../base/host.ts";
import type { SentQuery } from "../serf/open-queries.ts";
import type { QueryEnd, QueryListener } from "../serf/open-query.ts";
import { EventStream } from "./event-stream.ts";

/** What a member says to a query: that it has it, or its answer. */
export type QueryAnswer =
  | { readonly kind: "ack"; readonly from: string }
  | { readonly kind: "response"; readonly from: string; readonly payload: Uint8Array };

/** What is not read waits up to this number; beyond it the oldest are lost, and the log says so. */
const waitingMax = 65_536;

/**
 * What comes of a query, for one reader: `for await (const answer of results)`. The iteration ends with the query; leaving it
 * stops the query.
 */
export class QueryResults implements AsyncIterable<QueryAnswer> {
  /** Resolves when no more answers come: "complete", "timeout", or "stopped". Never rejects. */
  readonly ended: Promise<QueryEnd>;
  private readonly answers: EventStream<QueryAnswer>;
  private readonly sent: SentQuery;

  /** `send` sends the query, and may throw. */
  constructor(send: (listener: QueryListener) => SentQuery, logger: Logger) {
    this.answers = new EventStream({ lengthMax: waitingMax, logger, closed: () => this.stop() });
    let resolveEnded: (reason: QueryEnd) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    this.sent = send({
      acked: (from) => this.answers.push({ kind: "ack", from }),
      responded: (from, payload) => this.answers.push({ kind: "response", from, payload }),
      ended: (reason) => {
        this.answers.end();
        resolveEnded(reason);
      },
    });
  }

  /** How long the query stays open at most. */
  get timeoutMs(): number {
    return this.sent.timeoutMs;
  }

  /** Ends the query; what has come can still be read. */
  stop(): void {
    this.sent.stop();
  }

  [Symbol.asyncIterator](): AsyncIterator<QueryAnswer> {
    return this.answers;
  }
}
