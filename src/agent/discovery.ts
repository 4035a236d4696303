/** From an agent's options to its discovery. A file of its own, since only agents with `-discover` load it. */

import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { type Endpoint, formatEndpoint } from "../base/address.ts";
import { messageOf, SerfError } from "../base/errors.ts";
import type { Host, Logger } from "../base/host.ts";
import { type IpFamily, MulticastLink } from "../host/multicast-link.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { SerfMember } from "../serf/member.ts";
import { Discovery, type DiscoveryLink } from "./mdns.ts";
import { mdnsPort } from "./mdns-records.ts";
import type { AgentOptions } from "./options.ts";

type DiscoveryOptions = Pick<
  AgentOptions,
  "discover" | "nodeName" | "interface" | "mdnsInterface" | "mdnsDisableIpv4" | "mdnsDisableIpv6"
>;

export interface DiscoverySurroundings {
  readonly host: Host;
  readonly logger: Logger;
  /** What others are told of this node. */
  readonly advertised: Endpoint;
  readonly join: (addresses: readonly string[]) => Promise<JoinResult>;
  readonly members: () => readonly SerfMember[];
}

/** Opens the sockets; nothing is asked or answered before `start`. Rejects with INVALID_ADDRESS or LISTEN_FAILED. */
export async function createDiscovery(
  options: DiscoveryOptions,
  { host, logger, advertised, join, members }: DiscoverySurroundings,
): Promise<Discovery> {
  const interfaceName = options.mdnsInterface === "" ? options.interface : options.mdnsInterface;
  if (interfaceName !== "") {
    checkInterface(interfaceName);
    logger.log("INFO", `agent: Starting mDNS listener on interface ${interfaceName}`);
  }
  const { clock, timers, metrics } = host;
  return new Discovery({
    clusterName: options.discover,
    nodeName: options.nodeName,
    endpoint: advertised,
    links: await openLinks(options, interfaceName, logger),
    join,
    livingMembers: () =>
      new Set(members().flatMap((member) => (member.status === "alive" ? formatEndpoint(member) : []))),
    clock,
    timers,
    logger,
    metrics,
  });
}

/** One that has no address yet may get one: it is looked at again at each question. */
function checkInterface(name: string): void {
  const known = Object.keys(networkInterfaces());
  if (known.includes(name) || (/^[^/]+$/.test(name) && existsSync(`/sys/class/net/${name}`))) return;
  const problem = `Invalid mDNS network interface: there is no '${name}', there are ${known.join(", ")}`;
  throw new SerfError("INVALID_ADDRESS", problem);
}

const groups: Readonly<Record<IpFamily, string>> = { ipv4: "224.0.0.251", ipv6: "ff02::fb" };

/** One family is enough: many machines have no IPv6. */
async function openLinks(
  options: DiscoveryOptions,
  interfaceName: string,
  logger: Logger,
): Promise<readonly DiscoveryLink[]> {
  const families: IpFamily[] = [];
  if (!options.mdnsDisableIpv4) families.push("ipv4");
  if (!options.mdnsDisableIpv6) families.push("ipv6");
  const links: DiscoveryLink[] = [];
  const problems: string[] = [];
  for (const family of families) {
    try {
      links.push(await MulticastLink.open({ family, group: groups[family], port: mdnsPort, interfaceName }));
    } catch (error) {
      problems.push(messageOf(error));
      logger.log("WARN", `agent.mdns: Not using ${family === "ipv4" ? "IPv4" : "IPv6"}: ${messageOf(error)}`);
    }
  }
  if (links.length === 0) throw new SerfError("LISTEN_FAILED", problems.join("; "));
  return links;
}
