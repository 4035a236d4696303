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
  eventBufferLength: {
    type: serfOptions.eventBufferLength.type,
    default: 16_384,
    doc: "For how many Lamport times user events are remembered, to tell duplicates and to hand them to members that missed them; older ones are refused.",
    key: "user_event_buffer",
  },
  eventOrderWaitMs: {
    type: serfOptions.eventOrderWaitMs.type,
    default: secondMs,
    doc: "How long a user event waits, at most, for earlier ones that are missing, so that events are told in the order of their Lamport times. 0 tells each as it comes.",
    key: "user_event_order_wait",
  },
  eventsPerSecond: {
    type: serfOptions.eventsPerSecond.type,
    default: 20_000,
    doc: "How many user events a second this node sends at most, those of others counted in; at most what user_event_buffer holds in six seconds (2,731); and less than that where round trips are long (from 16 ms on) while members are present that may be HashiCorp's. Whoever sends faster waits.",
    key: "user_event_rate",
  },
  eventsWaitingMax: {
    type: serfOptions.eventsWaitingMax.type,
    default: 65_536,
    doc: "How many user events may wait until they can be sent. One more is refused.",
    key: "user_events_waiting",
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
