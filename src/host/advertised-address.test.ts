import { describe, expect, test } from "vitest";
import { chooseAdvertisedAddress } from "./advertised-address.ts";

const loopback = { address: "127.0.0.1", family: "IPv4", internal: true } as const;
const ipv4 = (address: string) => ({ address, family: "IPv4", internal: false }) as const;
const ipv6 = (address: string) => ({ address, family: "IPv6", internal: false }) as const;

describe("the address a node advertises", () => {
  test("is the one it is bound to, if that is one", () => {
    expect(chooseAdvertisedAddress("192.0.2.1", { eth0: [ipv4("10.0.0.1")] })).toBe("192.0.2.1");
  });

  test("is a private one, whatever stands before it", () => {
    const interfaces = { lo: [loopback], wan0: [ipv4("203.0.113.5")], eth0: [ipv6("fd00::1"), ipv4("172.20.0.3")] };
    expect(chooseAdvertisedAddress("0.0.0.0", interfaces)).toBe("172.20.0.3");
    expect(chooseAdvertisedAddress("::", interfaces)).toBe("172.20.0.3");
  });

  test("is a public one where there is no private one (detail 18)", () => {
    const interfaces = { lo: [loopback], link: [ipv4("169.254.1.1")], wan0: [ipv4("203.0.113.5")] };
    expect(chooseAdvertisedAddress("0.0.0.0", interfaces)).toBe("203.0.113.5");
  });

  test("is of IPv6 only if bound to it and there is no other", () => {
    const interfaces = { lo: [loopback], eth0: [ipv6("fe80::1"), ipv6("2001:db8::1")] };
    expect(chooseAdvertisedAddress("::", interfaces)).toBe("2001:db8::1");
    expect(chooseAdvertisedAddress("0.0.0.0", interfaces)).toBe("127.0.0.1");
  });

  test("is that on the interface of the default route, if there are several as good", () => {
    const interfaces = { docker0: [ipv4("172.17.0.1")], eth0: [ipv4("10.0.0.3")] };
    expect(chooseAdvertisedAddress("0.0.0.0", interfaces, "eth0")).toBe("10.0.0.3");
    expect(chooseAdvertisedAddress("0.0.0.0", interfaces, "none")).toBe("172.17.0.1");
    expect(chooseAdvertisedAddress("0.0.0.0", { ...interfaces, wan0: [ipv4("203.0.113.5")] }, "wan0")).toBe(
      "172.17.0.1",
    );
  });
});
