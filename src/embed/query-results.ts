import { Subscription } from "../async/subscription.ts";
import type { Logger } from "../base/host.ts";
import type { QueryParams, SentQuery } from "../serf/open-queries.ts";
import type { QueryEnd, QueryListener } from "../serf/open-query.ts";

/** What a member says to a query: that it has it, or its answer. */
export type QueryAnswer =
  | { readonly kind: "ack"; readonly from: string }
  | { readonly kind: "response"; readonly from: string; readonly payload: Uint8Array };

/** What a query may say besides its name and payload, and what ends it early. */
export interface QueryOptions extends QueryParams {
  /** Stops the query when it fires. */
  readonly signal?: AbortSignal;
}

/** What is not read waits up to this number; beyond it the oldest are lost. */
const waitingMax = 65_536;

/**
 * What comes of a query, for one reader: `for await (const answer of results)`. The iteration ends with the query; leaving it
 * stops the query.
 */
export class QueryResults implements AsyncIterable<QueryAnswer> {
  /** Resolves when no more answers come: "complete", "timeout", or "stopped". Never rejects. */
  readonly ended: Promise<QueryEnd>;
  private readonly answers: Subscription<QueryAnswer>;
  private readonly sent: SentQuery;

  /** `send` sends the query, and may throw. Throws the signal's reason if it has fired. */
  constructor(send: (listener: QueryListener) => SentQuery, logger: Logger, signal?: AbortSignal) {
    signal?.throwIfAborted();
    let resolveEnded: (reason: QueryEnd) => void = () => undefined;
    this.ended = new Promise((resolve) => {
      resolveEnded = resolve;
    });
    this.sent = send({
      acked: (from) => this.answers.offer({ kind: "ack", from }),
      responded: (from, payload) => this.answers.offer({ kind: "response", from, payload }),
      ended: (reason) => {
        this.answers.end(undefined);
        resolveEnded(reason);
      },
    });
    this.answers = new Subscription({
      waitingMax,
      signal,
      stop: () => this.stop(),
      losing: () => logger.log("WARN", "serf: a reader of answers is too slow, the oldest of them are lost"),
    });
  }

  /** How long the query stays open at most. */
  get timeoutMs(): number {
    return this.sent.timeoutMs;
  }

  /** How many acks and answers were lost because they were not read in time. */
  get missedCount(): number {
    return this.answers.missedCount;
  }

  /** Ends the query; what has come can still be read. */
  stop(): void {
    this.sent.stop();
  }

  /** Acks and answers in the order of their arrival. They can be iterated over once. */
  [Symbol.asyncIterator](): AsyncIterator<QueryAnswer> {
    return this.answers;
  }

  /** As `stop`, at the end of the block of an `await using`. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.stop();
  }
}
