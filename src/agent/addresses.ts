import { promises as dns } from "node:dns";
import { canonicalIp, type Endpoint, memberPortDefault } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import { parseJoinAddress } from "../memberlist/join-address.ts";

/** Where an agent listens, and what it tells the other members of it. */
export interface AgentNetwork {
  /** Port 0 takes a free one. */
  readonly bind: Endpoint;
  /** As configured; without it the bound address, or the best of this machine's, is told. */
  readonly advertise: Endpoint | undefined;
}

/** Looks up the addresses of a configuration. Rejects with INVALID_ADDRESS. */
export async function resolveNetwork(config: { bind: string; advertise: string }): Promise<AgentNetwork> {
  const bind = await resolveAddress(config.bind, "Invalid bind address");
  const { advertise } = config;
  return {
    bind,
    advertise: advertise === "" ? undefined : await resolveAddress(advertise, "Invalid advertise address"),
  };
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
  if (parsed.nodeName !== "") throw new SerfError("INVALID_ADDRESS", `${what}: "${text}" must not hold a node name`);
  const { host, port } = parsed;
  const address = canonicalIp(host) ?? (await lookUp(host, what));
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
