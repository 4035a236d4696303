/** Networks of clients, as "10.0.0.0/8". */

import { BlockList, isIP } from "node:net";
import { canonicalIp } from "../../base/address.ts";

/** The networks as one list to look addresses up in, or which of the texts is no network. */
export function parseNetworks(texts: readonly string[]): BlockList | { readonly problem: string } {
  const list = new BlockList();
  for (const text of texts) {
    const [, address = "", bits] = /^([^/]+)(?:\/(\d{1,3}))?$/.exec(text) ?? [];
    const version = isIP(address);
    const bitsMax = version === 6 ? 128 : 32;
    const length = bits === undefined ? bitsMax : Number(bits);
    if (version === 0 || length > bitsMax)
      return { problem: `${JSON.stringify(text)} is no network like "10.0.0.0/8"` };
    list.addSubnet(address, length, version === 6 ? "ipv6" : "ipv4");
  }
  return list;
}

export function isWithin(networks: BlockList, address: string): boolean {
  const literal = canonicalIp(address.replace(/%.*$/, ""));
  return literal !== undefined && networks.check(literal, isIP(literal) === 6 ? "ipv6" : "ipv4");
}
