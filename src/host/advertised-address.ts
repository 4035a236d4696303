import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
>;

/**
 * The address at which others can reach a node that listens at `bindAddress`. When that stands for all addresses of this machine, a
 * private IPv4 address is preferred, then any other IPv4 address, then IPv6, and without a network loopback. The reference refuses to
 * start where there is no private address.
 */
export function chooseAdvertisedAddress(bindAddress: string, interfaces: Interfaces = networkInterfaces()): string {
  const isAnyIpv6 = bindAddress === "::";
  if (bindAddress !== "0.0.0.0" && !isAnyIpv6) return bindAddress;
  const all = Object.values(interfaces).flatMap((entries) => entries ?? []);
  const reachable = all.filter(({ address, internal }) => !internal && !isLinkLocal(address));
  const ipv4 = reachable.filter(({ family }) => family === "IPv4");
  const ipv6 = isAnyIpv6 ? reachable.filter(({ family }) => family === "IPv6") : [];
  const chosen = ipv4.find(({ address }) => isPrivateIpv4(address)) ?? ipv4[0] ?? ipv6[0];
  return chosen?.address ?? (isAnyIpv6 ? "::1" : "127.0.0.1");
}

/** RFC 1918, and the shared address space of RFC 6598. */
function isPrivateIpv4(address: string): boolean {
  return /^(10\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.)/.test(address);
}

function isLinkLocal(address: string): boolean {
  return address.startsWith("169.254.") || /^fe[89ab]/i.test(address);
}
