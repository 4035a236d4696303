/** Event handlers, and the limits of what is sent. */

import { type OptionDeclarations, type OptionType, texts } from "../../base/options.ts";
import { serfOptions } from "../../serf/options.ts";

const secondMs = 1000;

export const eventOptions = {
  eventHandlers: {
    type: eventHandlers(),
    default: [],
    doc: "Script to run on events, `script` or `filter=script`, or a JSON object that sets limits too; may be given several times. docs/HANDLERS.md and `serf agent -h` say which filters there are.",
    flag: "event-handler",
    key: "event_handlers",
    reloads: true,
  },
  userEventBytesMax: {
    type: serfOptions.userEventBytesMax.type,
    default: 512,
    doc: "The largest user event this node sends, in bytes: name and payload together, and also the encoded message, may not be more.",
    key: "user_event_size_limit",
  },
  queryBytesMax: {
    type: serfOptions.queryBytesMax.type,
    default: 1024,
    doc: "The largest query this node sends, in bytes of the encoded message. It has to fit into a packet, so more than the default is for networks whose packets are known to be larger.",
    key: "query_size_limit",
  },
  queryResponseBytesMax: {
    type: serfOptions.queryResponseBytesMax.type,
    default: 1024,
    doc: "The largest answer this node gives to a query, in bytes of the encoded message. What was said of queries holds here too.",
    key: "query_response_size_limit",
  },
  broadcastTimeoutMs: {
    type: serfOptions.broadcastTimeoutMs.type,
    default: 5 * secondMs,
    doc: "How long leave, force-leave and a change of tags wait until the news is on its way. Less than 1s counts as 1s.",
    flag: "broadcast-timeout",
    key: "broadcast_timeout",
  },
} as const satisfies OptionDeclarations;

/** In a file an entry may be an object; it goes on as its text, which is how flags give it. */
function eventHandlers(): OptionType<readonly string[]> {
  const asText = (entry: unknown) => (typeof entry === "object" && entry !== null ? JSON.stringify(entry) : entry);
  return {
    ...texts(undefined),
    name: "list of texts or objects",
    readJson: (value) => ({ value: Array.isArray(value) ? value.map(asText) : value }),
  };
}
