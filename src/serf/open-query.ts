import type { Metrics, Timer } from "../base/host.ts";
import { type QueryResponse, queryFlags } from "./query-messages.ts";

/** "complete": everybody who should answer has. "stopped": the asker wanted no more, or the node shut down. */
export type QueryEnd = "complete" | "timeout" | "stopped";

/** What comes of a query. Called from within the protocol, never before `query` has returned; nothing after `ended`. */
export interface QueryListener {
  /** The member has the query. At most once for each member, and only if acks were asked for. */
  acked?(from: string): void;
  /** The member's answer. At most once for each member. The payload is a copy. */
  responded?(from: string, payload: Uint8Array): void;
  /** Called once. */
  ended?(reason: QueryEnd): void;
}

/** What must have come from a member before nothing more is expected of it. */
export interface ExpectedAnswers {
  readonly ack: boolean;
  readonly response: boolean;
}

export interface OpenQueryOptions {
  readonly lamportTime: number;
  readonly acksWanted: boolean;
  /** Members listened to; one more is a forger. */
  readonly answerersMax: number;
  /** Undefined: only time ends the query. */
  readonly expected: ExpectedAnswers | undefined;
  /** The names of those who should answer, as far as is known now; undefined if it cannot be told. */
  readonly findAnswerers: () => ReadonlySet<string> | undefined;
}

/** A query of this node while answers are awaited: it keeps who answered, to hear each member once, but not what. */
export class OpenQuery {
  /** Set by `OpenQueries`: fires when the time is up. */
  timer: Timer | undefined;
  readonly lamportTime: number;
  private readonly acks = new Set<string>();
  private readonly responses = new Set<string>();
  private readonly options: OpenQueryOptions;
  private readonly listener: QueryListener;
  private readonly metrics: Metrics;
  /** Those who have not yet answered in full. Looked for again when it is empty, since members come and go. */
  private missing: Set<string> | undefined;
  private hasEnded = false;

  constructor(options: OpenQueryOptions, listener: QueryListener, metrics: Metrics) {
    this.lamportTime = options.lamportTime;
    this.options = options;
    this.listener = listener;
    this.metrics = metrics;
    if (options.expected !== undefined) this.missing = this.findMissing();
  }

  get isOver(): boolean {
    return this.hasEnded;
  }

  receive({ from, flags, payload }: QueryResponse): void {
    if (this.hasEnded) return;
    const isAck = (flags & queryFlags.ack) !== 0;
    if (isAck && !this.options.acksWanted) return;
    if (!this.note(isAck ? this.acks : this.responses, from, isAck ? "acks" : "responses")) return;
    if (isAck) this.listener.acked?.(from);
    else this.listener.responded?.(from, payload.slice());
    this.considerEnd(from);
  }

  end(reason: QueryEnd): void {
    if (this.hasEnded) return;
    this.hasEnded = true;
    this.missing = undefined;
    this.acks.clear();
    this.responses.clear();
    this.listener.ended?.(reason);
  }

  /** False for what came before, perhaps by another way, and for one name too many. */
  private note(heard: Set<string>, from: string, what: "acks" | "responses"): boolean {
    if (heard.has(from)) {
      this.metrics.increment(`serf.query_duplicate_${what}`);
      return false;
    }
    if (heard.size >= this.options.answerersMax) return false;
    heard.add(from);
    this.metrics.increment(`serf.query_${what}`);
    return true;
  }

  /** The first look at `missing` costs the size of the cluster, and so does the last; those between cost nothing. */
  private considerEnd(from: string): void {
    if (this.missing === undefined || this.hasEnded || !this.hasAnswered(from)) return;
    if (!this.missing.delete(from) || this.missing.size > 0) return;
    const others = this.findMissing();
    if (others === undefined || others.size > 0) this.missing = others;
    else this.end("complete");
  }

  private findMissing(): Set<string> | undefined {
    const answerers = this.options.findAnswerers();
    return answerers && new Set([...answerers].filter((name) => !this.hasAnswered(name)));
  }

  private hasAnswered(name: string): boolean {
    const { expected } = this.options;
    if (expected === undefined) return false;
    return (!expected.ack || this.acks.has(name)) && (!expected.response || this.responses.has(name));
  }
}
