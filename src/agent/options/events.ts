/** Event handlers, and the limits of what is sent. */

import { type OptionDeclarations, texts } from "../../base/options.ts";
import { serfOptions } from "../../serf/options.ts";

const secondMs = 1000;

export const eventOptions = {
  eventHandlers: {
    type: texts(undefined),
    default: [],
    doc: "Script to run on events, `script` or `filter=script`; may be given several times. The page on the agent and `serf agent -h` say which filters there are.",
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
