/** Event handlers, and the limits of what is sent. */

import { durationMs, integer, type OptionDeclarations, texts } from "../../base/options.ts";

const secondMs = 1000;
const yearMs = 365 * 24 * 3600 * secondMs;

export const eventOptions = {
  eventHandlers: {
    type: texts(undefined),
    default: [],
    doc: "Script to run on events; may be given several times. Which events is explained above.",
    flag: "event-handler",
    key: "event_handlers",
    reloads: true,
  },
  userEventBytesMax: {
    type: integer(0, 9216),
    default: 512,
    doc: "The largest user event this node sends, in bytes of name and payload together.",
    key: "user_event_size_limit",
  },
  queryBytesMax: {
    type: integer(0, 65_535),
    default: 1024,
    doc: "The largest query this node sends, in bytes, encoded.",
    key: "query_size_limit",
  },
  queryResponseBytesMax: {
    type: integer(0, 65_535),
    default: 1024,
    doc: "The largest answer this node gives to a query, in bytes, encoded.",
    key: "query_response_size_limit",
  },
  broadcastTimeoutMs: {
    type: durationMs(0, yearMs),
    default: 5 * secondMs,
    doc: "How long leave, force-leave and a change of tags wait until the news is on its way. Less than 1s counts as 1s.",
    flag: "broadcast-timeout",
    key: "broadcast_timeout",
  },
} as const satisfies OptionDeclarations;
