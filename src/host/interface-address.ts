import { existsSync } from "node:fs";
import { networkInterfaces } from "node:os";
import { SerfError } from "../base/errors.ts";
import { type Interfaces, isAnyAddress, isLinkLocal } from "./advertised-address.ts";

/**
 * The address to listen at where an interface is named: `bindAddress` if it is one of the interface's, or the first that is not
 * link-local if `bindAddress` stands for all; IPv4 first, for "::" IPv6 first. Throws INVALID_ADDRESS.
 */
export function chooseInterfaceAddress(
  name: string,
  bindAddress: string,
  interfaces: Interfaces = networkInterfaces(),
): string {
  const addresses = addressesOf(name, interfaces);
  if (!isAnyAddress(bindAddress)) {
    if (addresses.some(({ address }) => address === bindAddress)) return bindAddress;
    const has = addresses.map(({ address }) => address).join(", ");
    throw new SerfError("INVALID_ADDRESS", `Interface '${name}' has no '${bindAddress}' address, it has ${has}`);
  }
  const preferred = bindAddress === "::" ? "IPv6" : "IPv4";
  const usable = addresses.filter(({ address }) => !isLinkLocal(address));
  const chosen = usable.find(({ family }) => family === preferred) ?? usable[0];
  if (chosen === undefined)
    throw new SerfError("INVALID_ADDRESS", `Failed to find usable address for interface '${name}'`);
  return chosen.address;
}

function addressesOf(name: string, interfaces: Interfaces): NonNullable<Interfaces[string]> {
  const addresses = Object.hasOwn(interfaces, name) ? interfaces[name] : undefined;
  if (addresses !== undefined) return addresses;
  // Node lists only what is up and has an address.
  if (/^[^/]+$/.test(name) && existsSync(`/sys/class/net/${name}`))
    throw new SerfError("INVALID_ADDRESS", `Interface '${name}' has no addresses, or is down`);
  const known = Object.keys(interfaces).join(", ");
  throw new SerfError("INVALID_ADDRESS", `Invalid network interface: there is no '${name}', there are ${known}`);
}
