/**
 * Serf as a library: a node of a Serf cluster inside your own process.
 *
 * ```ts
 * const node = await createSerf({ nodeName: "web-1", tags: { role: "web" } });
 * node.on("member-failed", ({ members }) => console.log("lost", members.map(({ name }) => name)));
 * await node.join(["10.0.0.5"]);
 * ```
 */

import { hostname } from "node:os";
import { memberPortDefault, parseEndpoint } from "./base/address.ts";
import { SerfError } from "./base/errors.ts";
import type { Host, Logger, Metrics } from "./base/host.ts";
import { SerfNode } from "./embed/serf-node.ts";
import { chooseAdvertisedAddress } from "./host/advertised-address.ts";
import { createNodeHost } from "./host/node-host.ts";
import type { SerfOptions } from "./serf/options.ts";

export type { MissedEvents, Subscription } from "./async/subscription.ts";
export type { Endpoint } from "./base/address.ts";
export { type ErrorCode, errorCodes, SerfError } from "./base/errors.ts";
export type { Host, Logger, LogLevel, Metrics } from "./base/host.ts";
export { type KeyOperation, type KeyReport, KeysError } from "./base/key-report.ts";
export { type Coordinate, distanceSeconds } from "./coordinate/coordinate.ts";
export type { QueryAnswer, QueryOptions, QueryResults } from "./embed/query-results.ts";
export type { EventOf, SerfNode } from "./embed/serf-node.ts";
export { createLogger } from "./host/loggers.ts";
export { createNodeHost, type NodeHost, type NodeHostOptions } from "./host/node-host.ts";
export type { JoinFailure, JoinResult } from "./memberlist/joiner.ts";
export { type MemberlistOptions, type MemberlistProfile, memberlistProfiles } from "./memberlist/options.ts";
export type { Accuser } from "./memberlist/suspicion.ts";
export type { SuspectedMember } from "./memberlist/suspicions.ts";
export type { MemberEvent, MemberEventKind, QueryEvent, SerfEvent, UserEvent } from "./serf/events.ts";
export type { MemberStatus, SerfMember, Tags } from "./serf/member.ts";
export type { QueryParams } from "./serf/open-queries.ts";
export type { QueryEnd } from "./serf/open-query.ts";
export type { ReconnectTimeoutOverride, SerfOptions } from "./serf/options.ts";
export type { SerfState } from "./serf/serf.ts";
export type { VersionVector } from "./wire/messages.ts";

/** Any of the options of Serf, and what a node in this process needs besides. */
export interface CreateSerfOptions extends Partial<SerfOptions> {
  /** Where to listen, "address:port", an IP literal; 0.0.0.0:7946 by default. Port 0 takes one that is free. */
  readonly bind?: string;
  /** Where log lines go: nowhere by default. */
  readonly logger?: Logger;
  /** Where measurements go: nowhere by default. */
  readonly metrics?: Metrics;
  /** A host of a simulated network for the node to run on, in place of sockets; `bind`, `logger` and `metrics` are the host's own then. */
  readonly host?: Host;
}

/**
 * Starts a node and resolves once it listens; it is then a cluster of one until it joins another. Without `nodeName` it is called
 * as its host. Rejects with INVALID_OPTION, INVALID_ADDRESS, INVALID_KEY, TAGS_TOO_LARGE, or what kept it from listening
 * (ADDRESS_IN_USE …); then nothing is left behind.
 */
export async function createSerf(options: CreateSerfOptions = {}): Promise<SerfNode> {
  const { host: given, ...others } = options;
  return given === undefined ? createOnSockets(others) : createOnHost(given, others);
}

function createOnHost(host: Host, options: CreateSerfOptions): SerfNode {
  const { bind, logger, metrics, ...serfOptions } = options;
  if (bind !== undefined || logger !== undefined || metrics !== undefined)
    throw new SerfError(
      "INVALID_OPTION",
      "bind, logger and metrics cannot be given along with a host, which has its own",
    );
  const lifeline = { close: async () => host.transport.close(), ref: () => undefined, unref: () => undefined };
  return new SerfNode({ nodeName: hostname(), ...serfOptions }, host, lifeline);
}

async function createOnSockets(options: CreateSerfOptions): Promise<SerfNode> {
  const { bind = `0.0.0.0:${memberPortDefault}`, logger, metrics, ...serfOptions } = options;
  const endpoint = parseEndpoint(bind);
  if (endpoint === undefined) throw new SerfError("INVALID_ADDRESS", `bind "${bind}" is not of the form address:port`);
  const host = await createNodeHost({
    bindAddress: endpoint.address,
    bindPort: endpoint.port,
    ...(logger && { logger }),
    ...(metrics && { metrics }),
  });
  try {
    const advertise = { address: chooseAdvertisedAddress(endpoint.address), port: host.transport.bound.port };
    const memberlist = { advertise, ...serfOptions.memberlist };
    return new SerfNode({ nodeName: hostname(), ...serfOptions, memberlist }, host, host);
  } catch (error) {
    await host.close();
    throw error;
  }
}
