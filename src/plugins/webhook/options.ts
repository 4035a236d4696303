/** What the webhook plugin can be told, and what of it does not go together. */

import { boolean, choice, durationMs, integer, pairs, type ResolvedOptions, text, texts } from "../../base/options.ts";
import { records, secret } from "../option-types.ts";
import { readEndpoint } from "../shared/endpoint.ts";
import { readChoices } from "./event-choice.ts";
import { compileTags } from "./tag-match.ts";

/** One URL that is told of what happens. */
export const targetOptions = {
  name: { type: text(64), default: "", doc: "What logs and `serf plugin list` call it; its host where empty." },
  url: {
    type: secret(text(2048)),
    default: "",
    doc: "http or https. Shown nowhere: many a chat's URL is its password.",
  },
  events: {
    type: texts(),
    default: ["*"],
    doc: "What is posted, as event handlers write it: member-join, member-leave, member-failed, member-update, member-reap, user, user:NAME, query, query:NAME, or * for all.",
  },
  tags: {
    type: pairs(),
    default: {},
    doc: "Only members with such tags (RE2, the whole value), or, for user events and queries, only while this node has them.",
  },
  format: {
    type: choice("json", "chat"),
    default: "json",
    doc: 'json: all that is known of the event. chat: `{"text": "web1 has failed"}`, as Slack, Mattermost and their kin take it.',
  },
  secret: {
    type: secret(text(1024)),
    default: "",
    doc: "Key of the HMAC-SHA256 in the header Serf-Signature; without one there is no such header.",
  },
  headers: { type: secret(pairs()), default: {}, doc: "Further headers, such as Authorization." },
  timeoutMs: { type: durationMs(100, 60_000), default: 10_000, doc: "How long an answer is waited for." },
  attemptsMax: {
    type: integer(1, 100),
    default: 10,
    doc: "How often a post is tried before it is given up, and counted as dropped.",
  },
  retryMinMs: {
    type: durationMs(10, 3_600_000),
    default: 1000,
    doc: "The wait after a first failure, doubled after each further one. A random half is taken off, so that nodes do not come all at once.",
  },
  retryMaxMs: { type: durationMs(10, 3_600_000), default: 60_000, doc: "The longest wait between two attempts." },
  queueMax: {
    type: integer(1, 100_000),
    default: 1000,
    doc: "How many posts wait at most. Beyond that the oldest is dropped, and counted.",
  },
} as const;

/** A query that is asked again and again. */
const askOptions = {
  query: { type: text(128), default: "", doc: "Its name." },
  payload: { type: text(1024), default: "", doc: "Its payload." },
  everyMs: { type: durationMs(1000, 86_400_000), default: 60_000, doc: "How long after one the next is asked." },
} as const;

export const webhookOptions = {
  urls: {
    type: records(targetOptions, 32),
    default: [],
    doc: "Where to post what happens. Each URL gets it in its order.",
  },
  ask: {
    type: records(askOptions, 32),
    default: [],
    doc: "Queries to ask from time to time; their results go to the URLs that want them.",
  },
  listen: {
    type: text(64),
    default: "",
    doc: "Where to take in `POST /event/NAME` and `/query/NAME`: a port, on 127.0.0.1 then, or address:port. Nowhere where empty. It is plain HTTP: put a proxy with TLS in front before others than this machine reach it.",
  },
  token: {
    type: secret(text(1024)),
    default: "",
    doc: "What `Authorization: Bearer` must have; 16 characters at least. Required with `listen`.",
  },
  eventsAllowed: { type: texts(), default: ["*"], doc: "Names of user events that are taken in; * for all." },
  queriesAllowed: { type: texts(), default: ["*"], doc: "Names of queries that are taken in; * for all." },
  bodyBytesMax: { type: integer(1, 1_048_576), default: 16_384, doc: "The longest body that is read, in bytes." },
  rate: {
    type: integer(1, 10_000),
    default: 20,
    doc: "Requests a second from one address, and twice as many at once after a while of silence; 429 beyond that.",
  },
  trace: { type: boolean(), default: false, doc: "Logs each request that is taken in." },
} as const;

export type WebhookOptions = ResolvedOptions<typeof webhookOptions>;
export type TargetOptions = ResolvedOptions<typeof targetOptions>;

const tokenLengthMin = 16;

/** What is wrong, if anything. */
export function checkWebhookOptions(options: WebhookOptions): string | undefined {
  const { urls, ask, listen, token } = options;
  if (urls.length === 0 && listen === "") return "one of urls and listen is needed: there is nothing to do otherwise";
  for (const [index, target] of urls.entries()) {
    const problem = checkTarget(target);
    if (problem !== undefined) return `urls, entry ${index + 1}: ${problem}`;
  }
  if (ask.some(({ query }) => query === "")) return "ask: every entry needs the name of a query";
  if (listen === "") return undefined;
  const endpoint = readEndpoint(listen);
  if ("problem" in endpoint) return `listen: ${endpoint.problem}`;
  if (token.length < tokenLengthMin) return `listen needs a token of at least ${tokenLengthMin} characters`;
  if (!/^[\x21-\x7e]+$/.test(token)) return "token: must be printable ASCII without spaces, as it goes into a header";
  return undefined;
}

function checkTarget({ url, events, tags, headers, retryMinMs, retryMaxMs }: TargetOptions): string | undefined {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !["http:", "https:"].includes(parsed.protocol))
    return "url must be given, and begin with http:// or https://";
  if (parsed.username !== "" || parsed.password !== "")
    return "url must have no user and password; use headers for Authorization";
  if (retryMinMs > retryMaxMs) return "retry_min must not be longer than retry_max";
  const choices = readChoices(events);
  if ("problem" in choices) return choices.problem;
  const pattern = compileTags(tags);
  if ("problem" in pattern) return pattern.problem;
  try {
    new Headers({ ...headers });
    return undefined;
  } catch {
    return "headers has a name or value that HTTP does not allow";
  }
}
