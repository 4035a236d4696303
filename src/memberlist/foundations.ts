import type { Endpoint } from "../base/address.ts";
import type { Clock, Host, Logger, Metrics, Random, Resolver, Timers, Transport } from "../base/host.ts";
import { RateLimitedLog } from "../base/rate-limited-log.ts";
import type { Ping } from "../wire/messages.ts";
import { AckWaiters } from "./ack-waiters.ts";
import { AllowedNetworks } from "./allowed-networks.ts";
import { Awareness } from "./awareness.ts";
import { BroadcastQueue } from "./broadcast-queue.ts";
import type { Delegates } from "./delegates.ts";
import type { Directory } from "./directory.ts";
import { EnvelopePolicy } from "./envelope-policy.ts";
import { Keyring } from "./keyring.ts";
import { MemberTable } from "./member-table.ts";
import type { MemberlistOptions } from "./options.ts";
import { ProbeOrder } from "./peer-selection.ts";
import { Peers } from "./peers.ts";
import { RejectionLog } from "./rejection-log.ts";
import { Truces } from "./truces.ts";

/** Whatever somebody else's mistakes repeat is logged once in this time. */
const limitedLogPeriodMs = 60_000;
const limitedLogSubjectsMax = 1_024;

/** What all rooms of one memberlist stand on: its host, its options, and those rooms that talk to nobody. */
export interface Foundations {
  readonly clock: Clock;
  readonly logger: Logger;
  readonly metrics: Metrics;
  readonly random: Random;
  readonly resolver: Resolver;
  readonly timers: Timers;
  readonly transport: Transport;
  readonly options: MemberlistOptions;
  readonly delegates: Delegates;
  readonly keyring: Keyring | undefined;
  readonly limitedLog: RateLimitedLog;
  readonly rejections: RejectionLog;
  readonly table: MemberTable;
  readonly order: ProbeOrder;
  readonly peers: Peers;
  readonly envelopes: EnvelopePolicy;
  readonly broadcasts: BroadcastQueue;
  readonly awareness: Awareness;
  readonly allowed: AllowedNetworks;
  readonly acks: AckWaiters;
  readonly truces: Truces;
  /** The port of join addresses without one: this node's own. */
  readonly defaultPort: number;
  /** The port a peer tells of a node, or the default one where nodes of protocol 1, which know no ports, take part. */
  knownPort(told: number): number;
  /** Where others reach this node. */
  advertised(): Endpoint;
}

/** The ping with which this node asks whether `node` is there, to be answered where others reach this node. */
export function composePing({ advertised, options }: Foundations, sequence: number, node: string): Ping {
  const { address: sourceAddress, port: sourcePort } = advertised();
  return { kind: "ping", sequence, node, sourceAddress, sourcePort, sourceNode: options.nodeName };
}

/** Throws INVALID_OPTION or INVALID_KEY. */
export function createFoundations(
  options: MemberlistOptions,
  host: Host,
  delegates: Delegates,
  directory: Directory,
): Foundations {
  const { clock, logger, metrics, random, resolver, timers, transport } = host;
  const keyring = options.keys.length > 0 ? new Keyring(options.keys) : undefined;
  const limits = { periodMs: limitedLogPeriodMs, subjectsMax: limitedLogSubjectsMax };
  const limitedLog = new RateLimitedLog({ logger, clock, ...limits });
  const table = new MemberTable(directory, options.membersMax);
  const order = new ProbeOrder(random);
  const defaultPort = transport.bound.port;
  const { broadcastsMax: lengthMax, retransmitMult } = options;
  return {
    ...{ clock, logger, metrics, random, resolver, timers, transport },
    ...{ options, delegates, keyring, limitedLog, table, order },
    rejections: new RejectionLog(limitedLog, metrics),
    peers: new Peers(options, table, order, clock, random),
    envelopes: new EnvelopePolicy(options, keyring, random),
    broadcasts: new BroadcastQueue({ nodeCount: () => table.length, retransmitMult, lengthMax }),
    awareness: new Awareness(options.awarenessMaxMultiplier, metrics),
    allowed: new AllowedNetworks(options.allowedNetworks),
    acks: new AckWaiters(timers),
    truces: new Truces(options, table, clock, metrics),
    defaultPort,
    knownPort: (told) => (options.protocolVersion >= 2 && told !== 0 ? told : defaultPort),
    advertised: () => options.advertise ?? transport.bound,
  };
}
