import { readFileSync } from "node:fs";
import { BlockList } from "node:net";
import { type NetworkInterfaceInfo, networkInterfaces } from "node:os";

/** As `os.networkInterfaces` gives them. */
export type Interfaces = Readonly<
  Record<string, readonly Pick<NetworkInterfaceInfo, "address" | "family" | "internal">[] | undefined>
>;

/**
 * The address at which others can reach a node that listens at `bindAddress`. When that stands for all addresses of this machine, a
 * private IPv4 address is preferred, then any other IPv4 address, then IPv6, and without a network loopback; of several, the one on
 * the interface of the default route. The reference refuses to start where there is no private address.
 */
export function chooseAdvertisedAddress(
  bindAddress: string,
  interfaces: Interfaces = networkInterfaces(),
  defaultInterface = readDefaultInterface(),
): string {
  if (!isAnyAddress(bindAddress)) return bindAddress;
  const isAnyIpv6 = bindAddress === "::";
  const defaultFirst = Object.entries(interfaces).sort(
    ([a], [b]) => Number(b === defaultInterface) - Number(a === defaultInterface),
  );
  const all = defaultFirst.flatMap(([, entries]) => entries ?? []);
  const reachable = all.filter(({ address, internal }) => !internal && !isLoopback(address) && !isLinkLocal(address));
  const ipv4 = reachable.filter(({ family }) => family === "IPv4");
  const ipv6 = isAnyIpv6 ? reachable.filter(({ family }) => family === "IPv6") : [];
  const chosen = ipv4.find(({ address }) => isIn(privateNetworks, address)) ?? ipv4[0] ?? ipv6[0];
  return chosen?.address ?? (isAnyIpv6 ? "::1" : "127.0.0.1");
}

/** True for what stands for all addresses of this machine. */
export function isAnyAddress(address: string): boolean {
  return address === "0.0.0.0" || address === "::";
}

/** True for an address that no other machine can reach. */
export function isLoopback(address: string): boolean {
  return isIn(loopbackNetworks, address);
}

/** True for an address that holds for one cable only; for IPv6 it does not even say which. */
export function isLinkLocal(address: string): boolean {
  return isIn(linkLocalNetworks, address);
}

/** Bridges of containers have private addresses too; the default route tells which interface leads to others. Linux only. */
function readDefaultInterface(): string | undefined {
  try {
    const routes = readFileSync("/proc/net/route", "utf8").split("\n").slice(1);
    return routes.map((route) => route.split("\t")).find(([, destination]) => destination === "00000000")?.[0];
  } catch {
    return undefined;
  }
}

/** RFC 1918, the shared address space of RFC 6598, and unique local addresses of IPv6. */
const privateNetworks = blockList("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7");

const loopbackNetworks = blockList("127.0.0.0/8", "::1/128");
const linkLocalNetworks = blockList("169.254.0.0/16", "fe80::/10");

function blockList(...subnets: readonly string[]): BlockList {
  const list = new BlockList();
  for (const subnet of subnets) {
    const [base = "", prefix = ""] = subnet.split("/");
    list.addSubnet(base, Number(prefix), familyOf(base));
  }
  return list;
}

function isIn(list: BlockList, address: string): boolean {
  return list.check(address, familyOf(address));
}

function familyOf(address: string): "ipv4" | "ipv6" {
  return address.includes(":") ? "ipv6" : "ipv4";
}
