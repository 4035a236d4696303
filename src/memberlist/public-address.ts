import { AllowedNetworks } from "./allowed-networks.ts";

/** RFC 6890: what is not routed between strangers. */
const specialNetworks = new AllowedNetworks([
  ...["0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8", "169.254.0.0/16", "172.16.0.0/12"],
  ...["192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "192.168.0.0/16", "198.18.0.0/15", "198.51.100.0/24"],
  ...["203.0.113.0/24", "240.0.0.0/4", "::/128", "::1/128", "64:ff9b::/96", "100::/64", "2001::/23", "2001:db8::/32"],
  ...["2002::/16", "fc00::/7", "fe80::/10"],
]);

/** Whether anybody on the Internet may be able to send to the address. */
export function isPublicAddress(address: string): boolean {
  return !specialNetworks.allows(address);
}
