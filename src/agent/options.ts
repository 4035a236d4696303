/**
 * What an operator can set on an agent: on the command line, in configuration files, or both. Adding an option is adding
 * one declaration here; flags, files, `--help` and the typed configuration follow.
 */

import { base64Decode } from "../base/bytes.ts";
import type { LogLevel } from "../base/host.ts";
import { logLevels, parseLogLevel } from "../base/log-level.ts";
import {
  boolean,
  choice,
  durationMs,
  integer,
  type OptionDeclarations,
  type OptionType,
  pairs,
  type ResolvedOptions,
  text,
  texts,
} from "../base/options.ts";
import { rpcAddressDefault } from "../rpc/address.ts";
import { serfProtocolVersionMax, serfProtocolVersionMin } from "../serf/protocol-version.ts";
import { isKeyLength } from "../wire/cipher.ts";

const secondMs = 1000;
const yearMs = 365 * 24 * 3600 * secondMs;

export const agentOptions = {
  nodeName: {
    type: text(255),
    default: "",
    doc: "Name of this node, unique in the cluster. Without one it is the host name.",
    flag: "node",
    key: "node_name",
  },
  bind: {
    type: text(),
    default: "0.0.0.0",
    doc: "Address to listen at for other members, UDP and TCP. Without a port it is 7946; port 0 takes one that is free.",
    flag: "bind",
    key: "bind",
  },
  advertise: {
    type: text(),
    default: "",
    doc: "Address to tell the other members, where it differs from the one bound. Behind NAT, the outer address and port.",
    flag: "advertise",
    key: "advertise",
  },
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
  },
  retryIntervalMs: {
    type: durationMs(0, yearMs),
    default: 30 * secondMs,
    doc: "How long to wait between two tries of -retry-join. Less than 1s counts as 1s.",
    flag: "retry-interval",
    key: "retry_interval",
  },
  retryMax: {
    type: integer(0, 2 ** 31 - 1),
    default: 0,
    doc: "How often -retry-join tries again before the agent ends with exit code 1. 0 is without end.",
    flag: "retry-max",
    key: "retry_max_attempts",
  },
  replay: {
    type: boolean(),
    default: false,
    doc: "Hand on the user events that happened before this node joined. Otherwise those that a join brings along are left out.",
    flag: "replay",
    key: "replay_on_join",
  },
  tags: {
    type: pairs(),
    default: {},
    doc: "A tag, key=value, that every member sees; may be given several times. All tags together take at most 512 bytes.",
    flag: "tag",
    key: "tags",
  },
  tagsFile: {
    type: text(),
    default: "",
    doc: "File that keeps the tags set by `serf tags` over restarts. With it, tags cannot be given otherwise.",
    flag: "tags-file",
    key: "tags_file",
  },
  role: {
    type: text(),
    default: "",
    doc: "The tag `role`, as it was written before there were tags. Deprecated: use -tag role=x.",
    flag: "role",
    key: "role",
  },
  eventHandlers: {
    type: texts(),
    default: [],
    doc: "Script to run on events; may be given several times. Which events is explained above.",
    flag: "event-handler",
    key: "event_handlers",
  },
  encryptKey: {
    type: encryptionKey(),
    default: "",
    doc: "Key that encrypts all traffic between members: 16, 24 or 32 bytes in base64, as `serf keygen` prints it. Every member needs the same.",
    flag: "encrypt",
    key: "encrypt_key",
  },
  keyringFile: {
    type: text(),
    default: "",
    doc: "File with the encryption keys, a JSON list in base64, the one to encrypt with first; rewritten when `serf keys` changes them. With it, -encrypt cannot be given.",
    flag: "keyring-file",
    key: "keyring_file",
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
  profile: {
    type: choice("lan", "wan", "local"),
    default: "lan",
    doc: "Timing of probes and gossip: for a local network, across the internet, or on one machine. Members should agree on it.",
    flag: "profile",
    key: "profile",
  },
  protocolVersion: {
    type: integer(serfProtocolVersionMin, serfProtocolVersionMax),
    default: serfProtocolVersionMax,
    doc: "Serf protocol version to speak. Lower it only while old versions are being upgraded.",
    flag: "protocol",
    key: "protocol",
  },
  logLevel: {
    type: logLevel(),
    default: "INFO",
    doc: "The least severe lines to print: trace, debug, info, warn or err. `serf monitor` sees any level whatever is set here.",
    flag: "log-level",
    key: "log_level",
  },
  rpcAddress: {
    type: text(),
    default: rpcAddressDefault,
    doc: "Address at which the agent listens for commands. Whoever reaches it controls the agent: set rpc_auth if that is more than this machine.",
    flag: "rpc-addr",
    key: "rpc_addr",
  },
  rpcAuthKey: {
    type: text(),
    default: "",
    doc: "What a client must present before the agent takes its commands. Empty asks for nothing.",
    key: "rpc_auth",
  },
  broadcastTimeoutMs: {
    type: durationMs(0, yearMs),
    default: 5 * secondMs,
    doc: "How long leave, force-leave and a change of tags wait until the news is on its way. Less than 1s counts as 1s.",
    flag: "broadcast-timeout",
    key: "broadcast_timeout",
  },
  compression: {
    type: boolean(),
    default: true,
    doc: "Compress messages between members. The flag turns it off.",
    flag: "disable-compression",
    flagNegates: true,
    key: "enable_compression",
  },
  leaveOnTerminate: {
    type: boolean(),
    default: false,
    doc: "Leave the cluster gracefully on SIGTERM. Otherwise the other members find out that this one failed.",
    key: "leave_on_terminate",
  },
  skipLeaveOnInterrupt: {
    type: boolean(),
    default: false,
    doc: "Do not leave gracefully on SIGINT.",
    key: "skip_leave_on_interrupt",
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
  disableCoordinates: {
    type: boolean(),
    default: false,
    doc: "Do not estimate where this node stands in the network; `serf rtt` then knows nothing of it.",
    key: "disable_coordinates",
  },
  userEventBytesMax: {
    type: integer(0, 9216),
    default: 512,
    doc: "The largest user event this node sends, in bytes of name and payload together.",
    key: "user_event_size_limit",
  },
  disableNameResolution: {
    type: boolean(),
    default: false,
    doc: "Stay, whatever the other members say, when another node claims this one's name.",
    key: "disable_name_resolution",
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
  configPaths: {
    type: texts(),
    default: [],
    doc: "A JSON file to read options from, or a directory whose .json files are read in alphabetical order; may be given several times. Later files win over earlier ones, and flags over files.",
    flag: "config-file",
    flagAlias: "config-dir",
  },
} as const satisfies OptionDeclarations;

/** The options of `agentOptions`, complete and checked. Times in milliseconds. */
export type AgentOptions = ResolvedOptions<typeof agentOptions>;

function logLevel(): OptionType<LogLevel> {
  return {
    name: logLevels.join(" | ").toLowerCase(),
    check: (value) => {
      const level = typeof value === "string" ? parseLogLevel(value) : undefined;
      return level === undefined
        ? { problem: `must be one of ${logLevels.join(", ")}, is ${JSON.stringify(value)}` }
        : { value: level };
    },
    readText: (given) => ({ value: given }),
  };
}

function encryptionKey(): OptionType<string> {
  return {
    name: "base64",
    isSecret: true,
    check: (value) => {
      const key = typeof value === "string" ? base64Decode(value) : undefined;
      if (key === undefined) return { problem: "must be base64" };
      return key.length === 0 || isKeyLength(key.length)
        ? { value: value as string }
        : { problem: `must be 16, 24 or 32 bytes in base64, is ${key.length} bytes` };
    },
    readText: (given) => ({ value: given }),
  };
}
