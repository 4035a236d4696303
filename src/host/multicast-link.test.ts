import type { NetworkInterfaceInfo } from "node:os";
import { describe, expect, test } from "vitest";
import { listLinks } from "./multicast-link.ts";

function entry(cidr: string, internal = false): NetworkInterfaceInfo {
  const [address = ""] = cidr.split("/");
  const common = { address, cidr, netmask: "", mac: "00:00:00:00:00:00", internal };
  return address.includes(":") ? { ...common, family: "IPv6", scopeid: 0 } : { ...common, family: "IPv4" };
}

const lo = [entry("127.0.0.1/8", true), entry("::1/128", true)];
const eth0 = [entry("10.0.0.5/24"), entry("10.9.0.5/24"), entry("fe80::5/64"), entry("2001:db8::5/64")];

describe("the links of a machine", () => {
  test("are the interfaces with an address of the family", () => {
    const interfaces = { lo, eth0, tun0: [entry("fe80::7/64")] };
    expect(listLinks(interfaces, "ipv4", "").map(({ handle }) => handle)).toEqual(["10.0.0.5"]);
    expect(listLinks(interfaces, "ipv6", "").map(({ handle }) => handle)).toEqual(["::%eth0", "::%tun0"]);
  });

  test("include loopback where there is no other, or where it is asked for", () => {
    expect(listLinks({ lo }, "ipv4", "").map(({ name }) => name)).toEqual(["lo"]);
    expect(listLinks({ lo, eth0 }, "ipv4", "lo").map(({ name }) => name)).toEqual(["lo"]);
  });

  test("are the one that is asked for, or none", () => {
    const interfaces = { lo, eth0, eth1: [entry("192.168.0.5/24")] };
    expect(listLinks(interfaces, "ipv4", "eth1").map(({ handle }) => handle)).toEqual(["192.168.0.5"]);
    expect(listLinks(interfaces, "ipv6", "eth1")).toEqual([]);
    expect(listLinks(interfaces, "ipv4", "eth2")).toEqual([]);
  });

  test("have the neighbours of all addresses of the interface", () => {
    const [link] = listLinks({ eth0 }, "ipv4", "");
    const isNeighbour = (address: string) => link!.neighbours.check(address, "ipv4");
    expect(["10.0.0.77", "10.9.0.77", "10.1.0.77"].map(isNeighbour)).toEqual([true, true, false]);
  });

  test("are 32 at most", () => {
    const many = Object.fromEntries(Array.from({ length: 50 }, (_, n) => [`eth${n}`, [entry(`10.0.${n}.5/24`)]]));
    expect(listLinks(many, "ipv4", "")).toHaveLength(32);
  });
});
