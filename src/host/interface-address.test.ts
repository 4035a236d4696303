import { expect, test } from "vitest";
import { SerfError } from "../base/errors.ts";
import type { Interfaces } from "./advertised-address.ts";
import { chooseInterfaceAddress } from "./interface-address.ts";

const entry = (address: string) =>
  ({ address, family: address.includes(":") ? "IPv6" : "IPv4", internal: false }) as const;
const interfaces: Interfaces = {
  lo: [entry("127.0.0.1"), entry("::1")],
  eth0: [entry("169.254.0.9"), entry("fe80::1"), entry("10.0.0.3"), entry("10.0.0.4"), entry("fd00::3")],
  eth1: [entry("fe80::2"), entry("2001:db8::2")],
  link0: [entry("fe80::3"), entry("169.254.0.8")],
};

test.each([
  ["eth0", "0.0.0.0", "10.0.0.3"],
  ["eth0", "::", "fd00::3"],
  ["eth1", "0.0.0.0", "2001:db8::2"],
  ["lo", "0.0.0.0", "127.0.0.1"],
  ["eth0", "10.0.0.4", "10.0.0.4"],
  ["eth0", "169.254.0.9", "169.254.0.9"],
])("interface %s with bind address %s listens at %s (detail 18)", (name, bind, expected) => {
  expect(chooseInterfaceAddress(name, bind, interfaces)).toBe(expected);
});

test.each([
  ["eth9", "0.0.0.0", "Invalid network interface: there is no 'eth9', there are lo, eth0, eth1, link0"],
  ["../eth0", "0.0.0.0", "Invalid network interface: there is no '../eth0', there are lo, eth0, eth1, link0"],
  ["link0", "0.0.0.0", "Failed to find usable address for interface 'link0'"],
  ["eth1", "10.0.0.3", "Interface 'eth1' has no '10.0.0.3' address, it has fe80::2, 2001:db8::2"],
])("interface %s with bind address %s is refused", (name, bind, problem) => {
  expect(() => chooseInterfaceAddress(name, bind, interfaces)).toThrow(new SerfError("INVALID_ADDRESS", problem));
});

test.runIf(process.platform === "linux")("an interface that is there but has no address is told apart", () => {
  expect(() => chooseInterfaceAddress("lo", "0.0.0.0", {})).toThrow("Interface 'lo' has no addresses, or is down");
});
