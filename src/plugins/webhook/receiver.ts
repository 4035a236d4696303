/** What comes in by HTTP, without the HTTP: who may, what is meant, what it comes to. */

import { createHash, timingSafeEqual } from "node:crypto";
import { utf8Decode } from "../../base/bytes.ts";
import { messageOf, SerfError } from "../../base/errors.ts";
import { boolean, durationMs, pairs, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { readByKeys } from "../keyed-options.ts";
import type { PluginEvents, PluginQueries, PluginQueryOptions, PluginQueryResult } from "../plugin.ts";
import { queryJson } from "./notices.ts";
import type { WebhookOptions } from "./options.ts";
import { RateLimit } from "./rate-limit.ts";

/** A request whose body is not read yet. */
export interface RequestHead {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  readonly authorization: string;
  readonly contentType: string;
  /** Who asks. */
  readonly address: string;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body: object;
}

/** What a request is about. */
export interface Order {
  readonly kind: "event" | "query";
  readonly name: string;
  readonly isJson: boolean;
}

export interface ReceiverSurroundings {
  readonly events: Pick<PluginEvents, "send">;
  readonly queries: Pick<PluginQueries, "ask">;
  readonly nowMs: () => number;
  /** The result of a query that was asked here. */
  readonly answered: (name: string, payload: Uint8Array, result: PluginQueryResult) => void;
}

const nameLengthMax = 128;
/** Longer than a proxy in between would wait for an answer. */
const timeoutMsMax = 60_000;
const busyCodes: readonly string[] = ["PLUGIN_BUSY", "TOO_MANY_QUERIES", "TOO_MANY_LARGE_MESSAGES"];
const tooLargeCodes: readonly string[] = ["USER_EVENT_TOO_LARGE", "QUERY_TOO_LARGE"];

const eventBody = {
  payload: { type: text(), default: "", doc: "Text." },
  payloadBase64: { type: text(), default: "", doc: "Bytes." },
  coalesce: { type: boolean(), default: true, doc: "As `serf event -coalesce`." },
} as const;

const queryBody = {
  payload: eventBody.payload,
  payloadBase64: eventBody.payloadBase64,
  timeoutMs: { type: durationMs(0, timeoutMsMax), default: 0, doc: "Zero for what fits the cluster." },
  nodes: { type: texts(), default: [], doc: "Only these." },
  tags: { type: pairs(), default: {}, doc: "Only those with such tags (RE2)." },
} as const;

export class Receiver {
  private readonly options: WebhookOptions;
  private readonly around: ReceiverSurroundings;
  private readonly limit: RateLimit;
  private readonly tokenDigest: Uint8Array;

  constructor(options: WebhookOptions, around: ReceiverSurroundings) {
    this.options = options;
    this.around = around;
    this.limit = new RateLimit(options.rate);
    this.tokenDigest = digest(options.token);
  }

  /** What is meant, or the reply where nothing of it is to be done; the body then need not be read. */
  admit(head: RequestHead): Order | Reply {
    if (!this.limit.admits(head.address, this.around.nowMs()))
      return failure(429, "TOO_MANY_REQUESTS", "too many requests from this address", { "Retry-After": "1" });
    if (!this.knows(head.authorization))
      return failure(401, "UNAUTHORIZED", "the header Authorization must have Bearer and the token", {
        "WWW-Authenticate": "Bearer",
      });
    const [, kind, encoded] = /^\/(event|query)\/([^/?#]+)$/.exec(head.target) ?? [];
    if (kind === undefined || encoded === undefined)
      return failure(404, "NOT_FOUND", "there is POST /event/NAME and POST /query/NAME");
    if (head.method !== "POST")
      return failure(405, "METHOD_NOT_ALLOWED", `${head.method} is not allowed, POST is`, { Allow: "POST" });
    const name = decodeName(encoded);
    if (name === undefined)
      return failure(
        400,
        "INVALID_NAME",
        `a name has 1 to ${nameLengthMax} characters, none of them a control character, and does not begin with _serf_`,
      );
    const allowed = kind === "event" ? this.options.eventsAllowed : this.options.queriesAllowed;
    if (!allowed.includes("*") && !allowed.includes(name))
      return failure(403, "FORBIDDEN", `${kind} ${name} is not among those allowed here`);
    return { kind: kind as "event" | "query", name, isJson: /^application\/json\s*(;|$)/i.test(head.contentType) };
  }

  async perform(order: Order, body: Uint8Array): Promise<Reply> {
    try {
      return order.kind === "event" ? await this.sendEvent(order, body) : await this.askQuery(order, body);
    } catch (error) {
      return replyTo(error);
    }
  }

  /** Digests are compared: they have one length, and what they have in common says nothing of the token. */
  private knows(authorization: string): boolean {
    const [, token = ""] = /^Bearer ([\x21-\x7e]+)$/i.exec(authorization) ?? [];
    return timingSafeEqual(digest(token), this.tokenDigest) && token !== "";
  }

  private async sendEvent({ name, isJson }: Order, body: Uint8Array): Promise<Reply> {
    const { coalesce, payload } = isJson ? readBody(eventBody, body) : { coalesce: true, payload: body };
    await this.around.events.send(name, payload, { coalesce });
    return { status: 202, body: { event: { name, payload_bytes: payload.length } } };
  }

  private async askQuery({ name, isJson }: Order, body: Uint8Array): Promise<Reply> {
    const read = isJson ? readBody(queryBody, body) : undefined;
    const payload = read?.payload ?? body;
    const options: PluginQueryOptions =
      read === undefined
        ? {}
        : {
            ...(read.nodes.length > 0 && { filterNodes: read.nodes }),
            ...(Object.keys(read.tags).length > 0 && { filterTags: read.tags }),
            ...(read.timeoutMs > 0 && { timeoutMs: read.timeoutMs }),
          };
    const result = await this.around.queries.ask(name, payload, options);
    this.around.answered(name, payload, result);
    return { status: 200, body: { query: queryJson(name, result) } };
  }
}

/** The name, or undefined where it is none. */
function decodeName(encoded: string): string | undefined {
  try {
    const name = decodeURIComponent(encoded);
    return name.length > nameLengthMax || /\p{Cc}/u.test(name) || name.startsWith("_serf_") ? undefined : name;
  } catch {
    return undefined;
  }
}

type BodyDeclarations = typeof eventBody | typeof queryBody;

function readBody<D extends BodyDeclarations>(
  declarations: D,
  body: Uint8Array,
): Omit<ResolvedOptions<D>, "payload" | "payloadBase64"> & { readonly payload: Uint8Array } {
  const read = readByKeys(declarations, parseJson(body));
  if ("problem" in read) throw new SerfError("INVALID_OPTION", `the body: ${read.problem}`);
  const { payload, payloadBase64, ...rest } = read.value as ResolvedOptions<typeof eventBody>;
  if (payload !== "" && payloadBase64 !== "")
    throw new SerfError("INVALID_OPTION", "the body has both payload and payload_base64");
  const bytes = payload === "" ? Buffer.from(payloadBase64, "base64") : Buffer.from(payload);
  return { ...(rest as Omit<ResolvedOptions<D>, "payload" | "payloadBase64">), payload: bytes };
}

function parseJson(body: Uint8Array): unknown {
  try {
    return JSON.parse(body.length === 0 ? "{}" : utf8Decode(body));
  } catch (error) {
    throw new SerfError("INVALID_OPTION", `the body is not JSON: ${messageOf(error)}`, { cause: error });
  }
}

function replyTo(error: unknown): Reply {
  const code = error instanceof SerfError ? error.code : "INTERNAL";
  const message = messageOf(error);
  if (tooLargeCodes.includes(code)) return failure(413, code, message);
  if (busyCodes.includes(code)) return failure(503, code, message, { "Retry-After": "1" });
  return failure(code === "INVALID_OPTION" || code === "NOT_SUPPORTED" ? 400 : 500, code, message);
}

/** A reply that says what was wrong. */
export function failure(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return { status, headers, body: { error: { code, message } } };
}

function digest(text: string): Uint8Array {
  return createHash("sha256").update(text).digest();
}
