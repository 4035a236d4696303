/** How a member finds its cluster, finds back to it, and keeps track of members that are gone. */

import { boolean, durationMs, integer, type OptionDeclarations, text, texts } from "../../base/options.ts";
import { memberlistOptions } from "../../memberlist/options.ts";
import { serfOptions } from "../../serf/options.ts";

const secondMs = 1000;
const minuteMs = 60 * secondMs;
const hourMs = 3600 * secondMs;
/** Timers of Node end at 24.8 days. */
const retryIntervalMsMax = 24 * 24 * hourMs;
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
    doc: "Address of a member to join, tried again until one answers; may be given several times. Where it resolves to several addresses, each is tried; `srv:_serf._tcp.example.org` stands for what SRV records list.",
    flag: "retry-join",
    key: "retry_join",
    reloads: true,
  },
  retryIntervalMs: {
    type: durationMs(0, retryIntervalMsMax),
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
    doc: "Do not use IPv4 for -discover. Not both IPv4 and IPv6 can be off.",
    flag: "mdns-disable-ipv4",
    key: "mdns.disable_ipv4",
  },
  mdnsDisableIpv6: {
    type: boolean(),
    default: false,
    doc: "Do not use IPv6 for -discover, which is of use where multicast over IPv6 is blocked.",
    flag: "mdns-disable-ipv6",
    key: "mdns.disable_ipv6",
  },
  snapshotPath: {
    type: text(),
    default: "",
    doc: "File in which the agent remembers the members and what it has seen, to find back to its cluster after a restart. HashiCorp's agent takes it over, and the other way round.",
    flag: "snapshot",
    suggests: "files",
    key: "snapshot_path",
  },
  rejoinAfterLeave: {
    type: boolean(),
    default: false,
    doc: "Find back to the cluster also after a graceful leave. It needs -snapshot.",
    flag: "rejoin",
    key: "rejoin_after_leave",
  },
  fastFailure: {
    type: boolean(),
    default: true,
    doc: "Declare a member failed some 1.3s after its process ended, if its host is up and refuses connections, other members do not reach it either, and it does not refute. The flag turns it off: then the timers alone decide, as in HashiCorp's agent, which takes 7s or more.",
    flag: "disable-fast-failure",
    flagNegates: true,
    key: "fast_failure",
    reloads: true,
  },
  fastFailureStreams: {
    type: boolean(),
    default: true,
    doc: "Keep a connection open to each of four members that do the same, to hear of the end of their processes. Off, these are pinged after 750ms of silence, as members of other implementations are: four times the packets of an idle agent.",
    key: "fast_failure_streams",
  },
  fastFailureDwellMs: {
    type: durationMs(0, minuteMs * 10),
    default: 0,
    doc: "How long a member's host must refuse connections before the fast way declares the member failed. 0 takes what fits the profile: 1s, with wan 3s. Less than 1s counts as 1s. Choose more where agents are started again within seconds and nobody is to notice.",
    key: "fast_failure_dwell",
  },
  fastFailureConfirmations: {
    type: memberlistOptions.fastFailureConfirmations.type,
    default: memberlistOptions.fastFailureConfirmations.default,
    doc: "How many other members must say that they do not reach a member before the fast way declares it failed. In a cluster of three the third one is enough; with two members the fast way is off.",
    key: "fast_failure_confirmations",
  },
  fastFailureTruceMs: {
    type: memberlistOptions.fastFailureTruceMs.type,
    default: memberlistOptions.fastFailureTruceMs.default,
    doc: "How long the fast way leaves a member alone that was declared failed and was back at once: as long, the timers alone decide about it.",
    key: "fast_failure_truce",
  },
  reconnectIntervalMs: {
    type: serfOptions.reconnectIntervalMs.type,
    default: 30 * secondMs,
    doc: "How often to try to reach a failed member again: one of them is drawn at random, so that all nodes together try each about once an interval.",
    key: "reconnect_interval",
  },
  reconnectTimeoutMs: {
    type: serfOptions.reconnectTimeoutMs.type,
    default: 24 * hourMs,
    doc: "How long a failed member is kept and tried before it is forgotten. A partition that lasts longer does not heal by itself.",
    key: "reconnect_timeout",
  },
  tombstoneTimeoutMs: {
    type: serfOptions.tombstoneTimeoutMs.type,
    default: 24 * hourMs,
    doc: "How long a member that left is kept before it is forgotten, so that nodes cut off meanwhile still learn of it.",
    key: "tombstone_timeout",
  },
} as const satisfies OptionDeclarations;
