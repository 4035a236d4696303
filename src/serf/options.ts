import {
  boolean,
  durationMs,
  integer,
  type OptionType,
  option,
  pairs,
  type ResolvedOptions,
  text,
} from "../base/options.ts";
import { type MemberlistOptions, resolveMemberlistOptions } from "../memberlist/options.ts";
import type { SerfMember } from "./member.ts";
import { memberlistProtocolVersion, serfProtocolVersionMax, serfProtocolVersionMin } from "./protocol-version.ts";

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const dayMs = 24 * 60 * minuteMs;

/** No user event is larger than this, whatever the option says. */
export const userEventBytesHardMax = 9 * 1024;

export const serfOptions = {
  nodeName: option(
    text(255),
    "",
    "Name of this node, unique in the cluster. It must be given; the agent and the library fall back on the host name.",
  ),
  tags: option(
    pairs(),
    {},
    "Key and value pairs that every other member sees, at most 512 bytes encoded. With protocol version 2 only the tag `role` is told.",
  ),
  protocolVersion: option(
    integer(serfProtocolVersionMin, serfProtocolVersionMax),
    serfProtocolVersionMax,
    "Serf protocol version to speak. Lower it only to live with members of an old version.",
  ),
  broadcastTimeoutMs: option(
    durationMs(0, 10 * minuteMs),
    5 * secondMs,
    "How long leave, force-leave and a change of tags wait until the news is gossiped. In a large or lossy cluster, choose more.",
  ),
  leavePropagateDelayMs: option(
    durationMs(0, 10 * minuteMs),
    secondMs,
    "How long a node that left goes on answering probes, so that nobody takes its silence for a failure before the news of the leave has spread.",
  ),
  coalescePeriodMs: option(
    durationMs(0, dayMs),
    0,
    "The longest that a member event is held back to be told together with others. 0 tells each at once.",
  ),
  quiescentPeriodMs: option(
    durationMs(0, dayMs),
    0,
    "Held back member events are told earlier once none came for so long. 0 tells each at once.",
  ),
  userCoalescePeriodMs: option(
    durationMs(0, dayMs),
    0,
    "The longest that a user event marked for coalescing is held back, to tell only the newest of its name. 0 tells each at once.",
  ),
  userQuiescentPeriodMs: option(
    durationMs(0, dayMs),
    0,
    "Held back user events are told earlier once none came for so long. 0 tells each at once.",
  ),
  reapIntervalMs: option(
    durationMs(1, dayMs),
    15 * secondMs,
    "How often to look for members to forget: failed, left, or known by an intent alone.",
  ),
  reconnectIntervalMs: option(
    durationMs(1, dayMs),
    30 * secondMs,
    "How often to try to reach a failed member again. All nodes together try each failed member about once an interval.",
  ),
  reconnectTimeoutMs: option(
    durationMs(0, 365 * dayMs),
    dayMs,
    "How long a failed member is kept and tried before it is forgotten.",
  ),
  tombstoneTimeoutMs: option(
    durationMs(0, 365 * dayMs),
    dayMs,
    "How long a member that left is kept, so that nodes cut off meanwhile still learn of the leave.",
  ),
  overrideReconnectTimeout: option<ReconnectTimeoutOverride | undefined>(
    callback<ReconnectTimeoutOverride>(),
    undefined,
    "Called for each member that is gone, whenever members to forget are looked for: with the member and how long one of its status is kept, in milliseconds. It returns how long to keep this one; Infinity for ever.",
  ),
  recentIntentTimeoutMs: option(
    durationMs(0, dayMs),
    5 * minuteMs,
    "How long an intent about a member not yet heard of is kept. Too short a time makes old intents news again.",
  ),
  flapTimeoutMs: option(
    durationMs(0, dayMs),
    minuteMs,
    "A member that is back within so long after it failed counts in the metric serf.member.flap.",
  ),
  queueCheckIntervalMs: option(
    durationMs(1, dayMs),
    30 * secondMs,
    "How often the lengths of the broadcast queues are measured, warned of and limited.",
  ),
  queueDepthWarning: option(
    integer(1, 1 << 24),
    128,
    "A broadcast queue of this length is warned of: messages come faster than gossip carries them.",
  ),
  queueDepthMax: option(
    integer(1, 1 << 20),
    4096,
    "A broadcast queue longer than this loses its most transmitted messages at the next check.",
  ),
  queueDepthMin: option(
    integer(0, 1 << 20),
    0,
    "When above 0, the limit of the broadcast queues is twice the number of members, but at least this, in place of queueDepthMax.",
  ),
  eventBufferLength: option(
    integer(1, 1 << 20),
    16_384,
    "For how many Lamport times user events are remembered, to tell duplicates and to hand them to members that missed them; older ones are refused. At least 512, the reference's, to take part in bursts. A push/pull carries those of the last 512 times, and what the other side lacks if it is of this implementation.",
  ),
  eventOrderWaitMs: option(
    durationMs(0, minuteMs),
    secondMs,
    "How long a user event of another member waits, at most, for those of lower Lamport times that are missing, so that events are told in order. It waits only while one is missing. 0 tells each as it comes, as the reference does.",
  ),
  eventsPerSecond: option(
    integer(1, 1_000_000),
    20_000,
    "How many user events a second this node sends at most, those of other members counted in. It is at most what eventBufferLength holds in six seconds (2,731): faster, and a member that gets no CPU for a while loses some. While members are present that are not known to be of this implementation, it is also at most 4,000, less where round trips are long: faster, and these forget events before they have them.",
  ),
  eventsWaitingMax: option(
    integer(0, 1 << 20),
    65_536,
    "How many user events may wait at this node until they can be sent. One more is refused with TOO_MANY_USER_EVENTS.",
  ),
  queryBufferLength: option(
    integer(1, 1 << 20),
    512,
    "For how many Lamport times queries are remembered to tell duplicates; older ones are refused.",
  ),
  userEventBytesMax: option(
    integer(0, userEventBytesHardMax),
    512,
    "The largest user event this node sends: name and payload together, and again the whole encoded message. What fits no gossip packet (some 1,390 bytes, less with encryption and a label) goes to each member over a stream.",
  ),
  queryBytesMax: option(
    integer(0, 65_535),
    1024,
    "The largest query this node sends, encoded. What fits no gossip packet (some 1,390 bytes) goes to each member over a stream.",
  ),
  queryResponseBytesMax: option(
    integer(0, 65_535),
    1024,
    "The largest answer this node gives to a query, encoded, and again as it is handed to others to relay. What fits no packet (some 1,390 bytes) goes over a stream, and is not relayed.",
  ),
  queryTimeoutMult: option(
    integer(1, 1 << 20),
    16,
    "How long a query without a timeout stays open: this times the gossip interval, times the decimal logarithm of the cluster's size, rounded up.",
  ),
  endQueriesEarly: option(
    boolean(),
    true,
    "End a query as soon as every member that should answer it has. Otherwise it ends when its time is up.",
  ),
  resolveNameConflicts: option(
    boolean(),
    true,
    "When another node claims this one's name, ask the members whom they know by it, and shut down if the majority knows the other.",
  ),
  snapshotPath: option(
    text(),
    "",
    "File in which this node remembers the members and the Lamport times, to find back to its cluster after a restart. Empty keeps none.",
  ),
  rejoinAfterLeave: option(
    boolean(),
    false,
    "With a snapshot: find back to the cluster also after a graceful leave. Otherwise a node that left starts alone.",
  ),
  replayOnRejoin: option(
    boolean(),
    false,
    "With a snapshot: tell the user events that this node missed while it was down. Those that it had seen are never told again.",
  ),
  validateNodeNames: option(
    boolean(),
    false,
    "Accept only names of letters, digits, dash and dot, at most 128 long, for this node and for others.",
  ),
  disableCoordinates: option(
    boolean(),
    false,
    "Do not estimate where this node stands in the network, and tell nobody; round trip times to it cannot be estimated.",
  ),
  memberlist: option(
    nested<Partial<MemberlistOptions>>(),
    {},
    "Options of the membership layer below. Name, versions and delegates are set by Serf.",
  ),
};

/** How long to keep a member that failed or left, in milliseconds, in place of `timeoutMs`. */
export type ReconnectTimeoutOverride = (member: SerfMember, timeoutMs: number) => number;

/** The options of `serfOptions`, complete and checked. Times in milliseconds. */
export type SerfOptions = ResolvedOptions<typeof serfOptions>;

/** Of the layer below, with what Serf decides for it. Throws INVALID_OPTION or INVALID_KEY. */
export function memberlistOptionsOf({ memberlist, nodeName, protocolVersion }: SerfOptions): MemberlistOptions {
  return resolveMemberlistOptions({
    ...memberlist,
    nodeName,
    protocolVersion: memberlistProtocolVersion,
    delegateProtocolMin: serfProtocolVersionMin,
    delegateProtocolMax: serfProtocolVersionMax,
    delegateProtocolCurrent: protocolVersion,
  });
}

function callback<T extends (...args: never[]) => unknown>(): OptionType<T | undefined> {
  return {
    name: "function",
    check: (value) =>
      value === undefined || typeof value === "function"
        ? { value: value as T | undefined }
        : { problem: "must be a function" },
  };
}

/** Options of another layer: checked there. */
function nested<T extends object>(): OptionType<T> {
  return {
    name: "object",
    check: (value) =>
      typeof value === "object" && value !== null && !Array.isArray(value)
        ? { value: value as T }
        : { problem: "must be an object of options" },
  };
}
