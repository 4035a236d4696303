import type { Endpoint } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { SerfMember } from "./member.ts";
import { encodeSerfMessage } from "./messages.ts";
import { type ExpectedAnswers, OpenQuery, type QueryListener } from "./open-query.ts";
import { pingQueryName } from "./queries.ts";
import { encodeFilters, selectAddressed } from "./query-filter.ts";
import { type QueryMessage, type QueryResponse, queryFlags } from "./query-messages.ts";

/** What a query may say besides its name and payload. */
export interface QueryParams {
  /** Only members of these names are to answer. */
  readonly filterNodes?: readonly string[];
  /** Only members whose tags match these regular expressions (RE2, anywhere in the value), by tag. */
  readonly filterTags?: Readonly<Record<string, string>>;
  /** Has every member that the filters let through tell that it has the query. Default false. */
  readonly requestAck?: boolean;
  /** Has each answer sent by so many other members besides, 0 to 255, against loss of packets. Default 0. */
  readonly relayFactor?: number;
  /** How long answers are waited for, at most a day. 0, the default, is a time that fits the size of the cluster. */
  readonly timeoutMs?: number;
}

/** A query that was sent. */
export interface SentQuery {
  readonly timeoutMs: number;
  /** Listens no longer: `ended` is called at once with "stopped". Does nothing after the end. */
  stop(): void;
}

export interface AskingNode {
  readonly name: string;
  readonly protocolVersion: number;
  /** Largest encoded query. */
  readonly queryBytesMax: number;
  /** False: only time ends a query, as in the reference. */
  readonly endsEarly: boolean;
  /** Throws TOO_MANY_LARGE_MESSAGES if so many bytes cannot be sent now. */
  checkRoom(bytes: number): void;
  defaultTimeoutMs(): number;
  endpoint(): Endpoint;
  members(): readonly SerfMember[];
  lamportTime(): number;
  /** Takes the query here, and sends it to the others. */
  publish(query: QueryMessage, encoded: Uint8Array): void;
}

/** From this version of Serf's protocol on there are queries. */
const queryProtocolMin = 4;
/** Those over are remembered as long as answers may still come; when there are too many, they go first. */
const openQueriesMax = 4096;
const answerersMin = 1024;
const timeoutMsMax = 24 * 3600 * 1000;
const nanosecondsPerMs = 1_000_000;
const complaintPeriodMs = 60_000;
/** Serf's ids are 31 bits wide. */
const idsCount = 2 ** 31;

/** This node's own queries, from the asking to the last answer. */
export class OpenQueries {
  /** By id, in the order in which they were asked. */
  private readonly queries = new Map<number, OpenQuery>();
  private readonly node: AskingNode;
  private readonly host: Host;
  private readonly complaints: RateLimitedLog;

  constructor(node: AskingNode, host: Host) {
    this.node = node;
    this.host = host;
    const { clock, logger } = host;
    this.complaints = new RateLimitedLog({ logger, clock, periodMs: complaintPeriodMs, subjectsMax: 2 });
  }

  /** Throws QUERY_TOO_LARGE, TOO_MANY_QUERIES, TOO_MANY_LARGE_MESSAGES, NOT_SUPPORTED or INVALID_OPTION; then nothing was sent. */
  ask(name: string, payload: Uint8Array, params: QueryParams, listener: QueryListener): SentQuery {
    const { node } = this;
    if (node.protocolVersion < queryProtocolMin) throw new SerfError("NOT_SUPPORTED", "Feature not supported");
    const timeoutMs = this.decideTimeout(params);
    const query = this.compose(name, payload, params, timeoutMs);
    const encoded = encodeSerfMessage(query);
    this.checkSize(encoded.length);
    this.makeRoom();
    const { id } = query;
    const open = this.open(query, params, listener);
    this.queries.set(id, open);
    open.timer = this.host.timers.after(timeoutMs, () => {
      this.queries.delete(id);
      open.end("timeout");
    });
    node.publish(query, encoded);
    return { timeoutMs, stop: () => open.end("stopped") };
  }

  receive(response: QueryResponse): void {
    const { id, lamportTime, from } = response;
    const open = this.queries.get(id);
    if (open === undefined) {
      const which = `(LTime: ${lamportTime}, ID: ${id}) From: ${from}`;
      this.complaints.log("WARN", "non-running", `serf: reply for non-running query ${which}`);
    } else if (open.lamportTime === lamportTime) open.receive(response);
    else {
      const times = `(Local: ${open.lamportTime}, Response: ${lamportTime})`;
      this.complaints.log("WARN", "mismatch", `serf: query reply time mismatch ${times}`);
    }
  }

  /** Ends all of them. */
  stop(): void {
    for (const query of this.queries.values()) {
      query.timer?.cancel();
      query.end("stopped");
    }
    this.queries.clear();
  }

  private decideTimeout({ timeoutMs = 0 }: QueryParams): number {
    if (Number.isNaN(timeoutMs)) throw new SerfError("INVALID_OPTION", "the timeout of a query must be a number");
    return timeoutMs === 0 ? this.node.defaultTimeoutMs() : Math.min(Math.max(timeoutMs, 0), timeoutMsMax);
  }

  private compose(name: string, payload: Uint8Array, params: QueryParams, timeoutMs: number): QueryMessage {
    const { filterNodes = [], filterTags = {}, requestAck = false, relayFactor = 0 } = params;
    if (!Number.isInteger(relayFactor) || relayFactor < 0 || relayFactor > 255)
      throw new SerfError("INVALID_OPTION", "Relay factor must be between 0 and 255");
    const { node } = this;
    let id = this.host.random.below(idsCount);
    while (this.queries.has(id)) id = (id + 1) % idsCount;
    return {
      kind: "query",
      lamportTime: node.lamportTime(),
      id,
      ...node.endpoint(),
      sourceNode: node.name,
      filters: encodeFilters({ nodes: filterNodes, tags: filterTags }),
      flags: requestAck ? queryFlags.ack : 0,
      relayFactor,
      timeoutNs: Math.round(timeoutMs * nanosecondsPerMs),
      name,
      payload,
    };
  }

  private checkSize(bytes: number): void {
    const { queryBytesMax } = this.node;
    if (bytes > queryBytesMax) throw new SerfError("QUERY_TOO_LARGE", `query exceeds limit of ${queryBytesMax} bytes`);
    this.node.checkRoom(bytes);
  }

  private makeRoom(): void {
    if (this.queries.size < openQueriesMax) return;
    for (const [id, query] of this.queries) {
      if (!query.isOver) continue;
      query.timer?.cancel();
      this.queries.delete(id);
      return;
    }
    throw new SerfError("TOO_MANY_QUERIES", `${openQueriesMax} queries are open already`);
  }

  private open(query: QueryMessage, params: QueryParams, listener: QueryListener): OpenQuery {
    const { node } = this;
    const { lamportTime, filters = [] } = query;
    const { filterNodes = [], requestAck = false } = params;
    const findAnswerers = (): ReadonlySet<string> | undefined => {
      const alive = node.members().filter(({ status }) => status === "alive");
      const names = new Set(selectAddressed(filters, alive).map(({ name }) => name));
      // Who was asked by name and is not known to be here may be here all the same.
      return names.size > 0 && names.size >= new Set(filterNodes).size ? names : undefined;
    };
    const answerersMax = Math.max(answerersMin, 2 * node.members().length);
    const expected = node.endsEarly ? expectedAnswers(query.name, requestAck) : undefined;
    const options = { lamportTime, acksWanted: requestAck, answerersMax, expected, findAnswerers };
    return new OpenQuery(options, listener, this.host.metrics);
  }
}

function expectedAnswers(name: string, requestAck: boolean): ExpectedAnswers | undefined {
  if (name !== pingQueryName) return { ack: requestAck, response: true };
  return requestAck ? { ack: true, response: false } : undefined;
}
