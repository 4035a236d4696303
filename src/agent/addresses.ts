import { promises as dns } from "node:dns";
import { canonicalIp, type Endpoint, memberPortDefault } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import { chooseAdvertisedAddress, isAnyAddress, isLoopback } from "../host/advertised-address.ts";
import { chooseInterfaceAddress } from "../host/interface-address.ts";
import { parseJoinAddress } from "../memberlist/join-address.ts";

/** Where an agent listens, and what it tells the other members of it. */
export interface AgentNetwork {
  /** Port 0 takes a free one. */
  readonly bind: Endpoint;
  /** As configured; without it the bound address, or the best of this machine's, is told. */
  readonly advertise: Endpoint | undefined;
  /** What the operator should know, a line each. */
  readonly notices: readonly string[];
}

/** Looks up the addresses of a configuration. Rejects with INVALID_ADDRESS. */
export async function resolveNetwork(config: {
  readonly bind: string;
  readonly interface: string;
  readonly advertise: string;
}): Promise<AgentNetwork> {
  const given = await resolveAddress(config.bind, "Invalid bind address");
  const advertise =
    config.advertise === "" ? undefined : await resolveAddress(config.advertise, "Invalid advertise address");
  if (config.interface === "") return { bind: given, advertise, notices: [] };
  const bind = { ...given, address: chooseInterfaceAddress(config.interface, given.address) };
  const notice = `Using interface '${config.interface}' address '${bind.address}'`;
  return { bind, advertise, notices: bind.address === given.address ? [] : [notice] };
}

/** What the other members are told. What is not configured is chosen, and what stands for all addresses too: nobody can reach that. */
export function decideAdvertised({ bind, advertise }: AgentNetwork, boundPort: number): Endpoint {
  const { address, port } = advertise ?? { address: bind.address, port: 0 };
  return {
    address: chooseAdvertisedAddress(isAnyAddress(address) ? bind.address : address),
    port: port === 0 ? boundPort : port,
  };
}

/** A node bound to every address that has found none for others: usually it was started before the network was. */
export function isOutOfReach({ bind }: AgentNetwork, advertised: Endpoint): boolean {
  return isAnyAddress(bind.address) && isLoopback(advertised.address);
}

/**
 * Reads "host", "host:port", "[ipv6]:port" or ":port" (all of IPv4) and looks up a host name, IPv4 first. `what` begins the
 * message of INVALID_ADDRESS: "Invalid bind address".
 */
async function resolveAddress(text: string, what: string): Promise<Endpoint> {
  const parsed = parseJoinAddress(
    text.startsWith(":") && !text.startsWith("::") ? `0.0.0.0${text}` : text,
    memberPortDefault,
  );
  if ("problem" in parsed) throw new SerfError("INVALID_ADDRESS", `${what}: ${parsed.problem}`);
  if ("service" in parsed) throw new SerfError("INVALID_ADDRESS", `${what}: "${text}" must not be a service`);
  if (parsed.nodeName !== "") throw new SerfError("INVALID_ADDRESS", `${what}: "${text}" must not hold a node name`);
  const { host, port } = parsed;
  const literal = canonicalIp(host);
  if (literal === undefined && host.includes(":"))
    throw new SerfError("INVALID_ADDRESS", `${what}: address ${text}: too many colons in address`);
  const address = literal ?? (await lookUp(host, what));
  return { address, port };
}

async function lookUp(host: string, what: string): Promise<string> {
  try {
    const { address } = await dns.lookup(host, { verbatim: false });
    return address;
  } catch (error) {
    throw new SerfError("INVALID_ADDRESS", `${what}: lookup ${host}: no such host`, { cause: error });
  }
}
