/** How a member finds its cluster, finds back to it, and keeps track of members that are gone. */

import { boolean, durationMs, integer, type OptionDeclarations, text, texts } from "../../base/options.ts";

const secondMs = 1000;
const yearMs = 365 * 24 * 3600 * secondMs;
/** With "_serf_" before it, a label of DNS. */
const mdnsNameBytesMax = 57;

export const joiningOptions = {
  startJoin: {
    type: texts(),
    default: [],
    doc: "Address of a member to join at the start; may be given several times. If none of them answers, the agent ends with exit code 1.",
    flag: "join",
    key: "start_join",
  },
  retryJoin: {
    type: texts(),
    default: [],
    doc: "Address of a member to join, tried again until one answers; may be given several times.",
    flag: "retry-join",
    key: "retry_join",
    reloads: true,
  },
  retryIntervalMs: {
    type: durationMs(0, yearMs),
    default: 30 * secondMs,
    doc: "How long to wait between two tries of -retry-join. Less than 1s counts as 1s.",
    flag: "retry-interval",
    key: "retry_interval",
    reloads: true,
  },
  retryMax: {
    type: integer(0, 2 ** 31 - 1),
    default: 0,
    doc: "How often -retry-join tries again before the agent ends with exit code 1. 0 is without end.",
    flag: "retry-max",
    key: "retry_max_attempts",
    reloads: true,
  },
  replay: {
    type: boolean(),
    default: false,
    doc: "Hand on the user events that happened before this node joined. Otherwise those that a join brings along are left out.",
    flag: "replay",
    key: "replay_on_join",
    reloads: true,
  },
  discover: {
    type: text(mdnsNameBytesMax),
    default: "",
    doc: "Name of a cluster to find by multicast DNS: agents on one network that are given the same name join each other with nothing else configured.",
    flag: "discover",
    key: "discover",
  },
  mdnsInterface: {
    type: text(),
    default: "",
    doc: "Network interface for -discover, where it is another than that of -iface. It needs -discover.",
    flag: "mdns-iface",
    key: "mdns.interface",
  },
  mdnsDisableIpv4: {
    type: boolean(),
    default: false,
    doc: "Do not use IPv4 for -discover.",
    flag: "mdns-disable-ipv4",
    key: "mdns.disable_ipv4",
  },
  mdnsDisableIpv6: {
    type: boolean(),
    default: false,
    doc: "Do not use IPv6 for -discover.",
    flag: "mdns-disable-ipv6",
    key: "mdns.disable_ipv6",
  },
  snapshotPath: {
    type: text(),
    default: "",
    doc: "File in which the agent remembers the members and what it has seen, to find back to its cluster after a restart. HashiCorp's agent takes it over, and the other way round.",
    flag: "snapshot",
    key: "snapshot_path",
  },
  rejoinAfterLeave: {
    type: boolean(),
    default: false,
    doc: "Find back to the cluster also after a graceful leave. It needs -snapshot.",
    flag: "rejoin",
    key: "rejoin_after_leave",
  },
  reconnectIntervalMs: {
    type: durationMs(1, yearMs),
    default: 30 * secondMs,
    doc: "How often to try to reach a failed member again.",
    key: "reconnect_interval",
  },
  reconnectTimeoutMs: {
    type: durationMs(0, yearMs),
    default: 24 * 3600 * secondMs,
    doc: "How long a failed member is kept and tried before it is forgotten.",
    key: "reconnect_timeout",
  },
  tombstoneTimeoutMs: {
    type: durationMs(0, yearMs),
    default: 24 * 3600 * secondMs,
    doc: "How long a member that left is kept before it is forgotten.",
    key: "tombstone_timeout",
  },
} as const satisfies OptionDeclarations;
