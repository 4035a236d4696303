import { canonicalIp, type Endpoint } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import {
  boolean,
  choice,
  durationMs,
  integer,
  type OptionType,
  option,
  type ResolvedOptions,
  resolveOptions,
  text,
} from "../base/options.ts";
import { protocolVersionDefault, protocolVersionMax, protocolVersionMin } from "../wire/versions.ts";
import { AllowedNetworks } from "./allowed-networks.ts";
import { fastFailureOptions } from "./fast-failure-options.ts";
import { validateKey } from "./keyring.ts";

const dayMs = 24 * 60 * 60 * 1000;

/** The largest message that a stream may bring fits at least. */
const wholeStreamBytes = 21 * 1024 * 1024;

/** What a memberlist can be told when it is made. Defaults are those of the profile "lan". */
export const memberlistOptions = {
  nodeName: option<string>(text(65_535), "", "The name of this node, unique in the cluster. It must be given."),
  advertise: option<Endpoint | undefined>(
    optionalEndpoint(),
    undefined,
    "The address and port that others are told to reach this node at. Without it the bound address is told; give it where that is not reachable from outside, as behind NAT or in a container.",
  ),
  label: option<string>(
    text(255),
    "",
    "Put in front of every packet and stream; nodes with another label, or none, are not heard. It keeps clusters apart that can reach each other. It is no secret.",
  ),
  skipLabelCheck: option(
    boolean(),
    false,
    "Hears nodes with another label, or none. For the time in which a running cluster is given a label.",
  ),
  protocolVersion: option(
    integer(protocolVersionMin, protocolVersionMax),
    protocolVersionDefault,
    "The version of memberlist's protocol to speak; versions up to 5 are understood. The default is understood by every node in use.",
  ),
  delegateProtocolMin: option(integer(0, 255), 0, "The oldest protocol that the layer above understands."),
  delegateProtocolMax: option(integer(0, 255), 0, "The newest protocol that the layer above understands."),
  delegateProtocolCurrent: option(integer(0, 255), 0, "The protocol that the layer above speaks."),
  streamTimeoutMs: option(
    durationMs(1, dayMs),
    10_000,
    "How long a stream may take to open, and then may stay silent, before it is given up.",
  ),
  indirectChecks: option(
    integer(0, 100),
    3,
    "How many others are asked to ping a member that did not answer. More give fewer false alarms on a lossy network and cost packets there; 0 turns indirect probes off.",
  ),
  retransmitMult: option(
    integer(1, 100),
    4,
    "How often a broadcast is sent: this times the number of decimal digits of the cluster's size. Higher survives more loss and costs bandwidth.",
  ),
  suspicionMult: option(
    integer(1, 100),
    4,
    "How long a suspect has to refute at least: this times log10 of the cluster's size (at least 1) times probeIntervalMs. Higher gives fewer false alarms and detects failures later.",
  ),
  suspicionMaxTimeoutMult: option(
    integer(1, 100),
    6,
    "How many times longer than that a suspicion lasts while nobody else confirms it. 1 turns this part of Lifeguard off.",
  ),
  pushPullIntervalMs: option(
    durationMs(0, dayMs),
    30_000,
    "How often everything is exchanged with a random member; rarer in clusters above 32 nodes. 0 turns it off.",
  ),
  probeIntervalMs: option(
    durationMs(0, dayMs),
    1_000,
    "How often a member is probed. Lower detects failures sooner and costs packets. 0 turns failure detection off.",
  ),
  probeTimeoutMs: option(
    durationMs(1, dayMs),
    500,
    "How long to wait for an answer before others are asked. Near the 99th percentile of round trips in the network; below probeIntervalMs.",
  ),
  streamPings: option(
    boolean(),
    true,
    "Tries a stream where pings by packet fail, and warns if only that works. Turn it off where streams get through and packets must, too.",
  ),
  awarenessMaxMultiplier: option(
    integer(1, 100),
    8,
    "How many times longer than probeIntervalMs a node that is in bad health itself gives others. 1 turns this part of Lifeguard off.",
  ),
  tellSuspects: option(
    boolean(),
    true,
    "Tells a suspect that it is one along with the ping to it, so that it refutes sooner: Lifeguard's buddy system.",
  ),
  ...fastFailureOptions,
  gossipIntervalMs: option(
    durationMs(0, dayMs),
    200,
    "How often pending broadcasts are sent to a few random members. 0 leaves them to travel along with pings.",
  ),
  gossipNodes: option(integer(0, 100), 3, "To how many members. More spread news faster and cost bandwidth."),
  dissemination: option(
    choice("eager", "timer"),
    "eager",
    "When news leaves. eager: at once, by a tree that the nodes work out for themselves and to some random members; what is still pending goes every gossipIntervalMs. timer: only every gossipIntervalMs and along with pings, as in HashiCorp's implementation. Nodes of both kinds understand each other.",
  ),
  eagerPacketsPerSecond: option(
    integer(10, 1_000_000),
    10_000,
    "With eager dissemination: how many packets a second this node sends by the tree, on average; a tenth of that at once. Beyond it news waits, and shares packets.",
  ),
  eagerPushesPerSecond: option(
    integer(1, 1_000_000),
    100,
    "With eager dissemination: how many packets a second it sends to random members besides, on average, and at once. Higher repairs losses sooner where there is much news, and costs packets; beyond it the gossip interval has to do.",
  ),
  flapDampingMs: option(
    durationMs(0, dayMs),
    0,
    "Holds out members that die and come back again and again, so that the others' views come to rest: the half-life of a death. The second death within it keeps a member dead here for that long and up to half as long again, whatever it says. 0 takes everybody back at once, as HashiCorp's implementation does.",
  ),
  confirmDeaths: option(
    boolean(),
    false,
    "Takes the news that a member died for a suspicion where nobody here suspected it, so that it can refute: one member's word is not enough then. Where the suspicion was not heard of, a true death is known later by as much as a suspicion lasts.",
  ),
  gossipToTheDeadMs: option(
    durationMs(0, dayMs),
    30_000,
    "How long the dead are still told the news, so that they can refute, and how long dead and left members stay listed at least.",
  ),
  verifyIncoming: option(
    boolean(),
    true,
    "With a key, refuses what arrives unencrypted. Off only while a running cluster turns to encryption.",
  ),
  verifyOutgoing: option(
    boolean(),
    true,
    "With a key, encrypts what leaves. Off only while a running cluster turns to encryption.",
  ),
  compression: option(
    boolean(),
    true,
    "Compresses packets that become smaller by it, and streams. It costs time and saves bandwidth.",
  ),
  compressedPacketBytesMin: option(
    integer(0, 65_536),
    256,
    "Packets of fewer bytes are not compressed: pings, acks and single events hardly become smaller, and larger ones by a third to a half. 0 tries all, as HashiCorp's implementation does.",
  ),
  keys: option<readonly Uint8Array[]>(
    keyList(),
    [],
    "Keys of 16, 24 or 32 bytes, the primary first. With any, everything is encrypted; all must be the same on all nodes.",
  ),
  inboxLengthMax: option(
    integer(1, 1_048_576),
    1024,
    "How many messages about members that are alive may wait to be handled, and how many others. What comes when there are more is dropped.",
  ),
  broadcastsMax: option(
    integer(1, 1_048_576),
    65_536,
    "How many broadcasts about members may be pending. There is one at most for each member; above this, those sent most often are dropped, and push/pull has to tell the rest.",
  ),
  unfinishedStreamBytesMax: option(
    integer(wholeStreamBytes, 2 ** 40),
    96 * 1024 * 1024,
    "How many bytes the unfinished messages of all streams of others may have together. The stream that brings more is refused. Memory for some three times as much should be there.",
  ),
  membersMax: option(
    integer(1, 4_194_304),
    1_048_576,
    "How many members are listed at most, the dead and left among them. Further ones are ignored.",
  ),
  packetBytesMax: option(
    integer(512, 65_507),
    1400,
    "The largest packet to send. Below the network's MTU less 28 bytes (48 with IPv6); others must be able to receive it.",
  ),
  deadNodeReclaimMs: option(
    durationMs(0, 365 * dayMs),
    0,
    "After how long a failed member's name is free for a node at another address. 0: only a member that left gives up its name.",
  ),
  nameTakeover: option(
    boolean(),
    true,
    "Takes the node's own name over from its predecessor at another address, if the host there refuses a stream and nobody answers a ping, and lets others have the name of a member that failed, if its host does. Off, the others decide whether the newcomer has to go, and a name is taken until the dead are forgotten.",
  ),
  requireNodeNames: option(
    boolean(),
    false,
    "Refuses to send to an address without knowing the node's name, as in joining by address alone.",
  ),
  allowedNetworks: option<readonly string[]>(
    networkList(),
    [],
    "Networks (CIDR) that members must have their addresses in. Empty: any.",
  ),
};

/** The options of `memberlistOptions`, complete and checked. Times in milliseconds. */
export type MemberlistOptions = ResolvedOptions<typeof memberlistOptions>;

/** Where a cluster runs, as the options that differ from those of a local network. */
export const memberlistProfiles = {
  lan: {},
  wan: {
    streamTimeoutMs: 30_000,
    suspicionMult: 6,
    pushPullIntervalMs: 60_000,
    probeIntervalMs: 5_000,
    probeTimeoutMs: 3_000,
    gossipIntervalMs: 500,
    gossipNodes: 4,
    gossipToTheDeadMs: 60_000,
    fastFailureIntervalMs: 2_500,
    fastFailureDwellMs: 3_000,
  },
  local: {
    streamTimeoutMs: 1_000,
    indirectChecks: 1,
    retransmitMult: 2,
    suspicionMult: 3,
    pushPullIntervalMs: 15_000,
    probeTimeoutMs: 200,
    gossipIntervalMs: 100,
    gossipToTheDeadMs: 15_000,
  },
} as const satisfies Record<string, Partial<MemberlistOptions>>;

/** "lan", "wan" or "local". */
export type MemberlistProfile = keyof typeof memberlistProfiles;

/** Checks the options, each by itself and against each other, and fills in the defaults. Throws INVALID_OPTION. */
export function resolveMemberlistOptions(given: Partial<MemberlistOptions>): MemberlistOptions {
  const options = resolveOptions(memberlistOptions, given);
  const { delegateProtocolMin: min, delegateProtocolMax: max, delegateProtocolCurrent: current } = options;
  if (options.nodeName === "") throw new SerfError("INVALID_OPTION", 'option "nodeName" must be given');
  if (min > current || current > max) {
    const found = `${min}, ${current} and ${max}`;
    const rule = 'must be between "delegateProtocolMin" and "delegateProtocolMax"';
    throw new SerfError("INVALID_OPTION", `option "delegateProtocolCurrent" ${rule}, they are ${found}`);
  }
  return options;
}

function optionalEndpoint(): OptionType<Endpoint | undefined> {
  return {
    name: "address and port",
    check: (value) => {
      const { address, port } = (value ?? {}) as { readonly address?: unknown; readonly port?: unknown };
      const canonical = typeof address === "string" ? canonicalIp(address) : undefined;
      const portFits = typeof port === "number" && Number.isInteger(port) && port >= 0 && port <= 65_535;
      return canonical !== undefined && portFits
        ? { value: { address: canonical, port } }
        : { problem: `must be an IP address and a port from 0 to 65535, is ${JSON.stringify(value)}` };
    },
  };
}

function keyList(): OptionType<readonly Uint8Array[]> {
  return {
    name: "list of keys",
    check: (value) => {
      if (!Array.isArray(value) || !value.every((key) => key instanceof Uint8Array)) {
        return { problem: "must be a list of byte arrays" };
      }
      return problemOf(() => value.forEach(validateKey)) ?? { value: value.map((key) => key.slice()) };
    },
  };
}

function networkList(): OptionType<readonly string[]> {
  return {
    name: "list of networks",
    check: (value) => {
      if (!Array.isArray(value) || !value.every((network) => typeof network === "string")) {
        return { problem: "must be a list of networks such as 10.0.0.0/8" };
      }
      return problemOf(() => new AllowedNetworks(value)) ?? { value: [...value] };
    },
  };
}

/** Turns what a room throws at its caller into what an option's check returns. */
function problemOf(check: () => void): { readonly problem: string } | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    if (error instanceof SerfError) return { problem: `cannot be used: ${error.message}` };
    throw error;
  }
}
