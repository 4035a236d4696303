import { describe, expect, test } from "vitest";
import { SerfError } from "../base/errors.ts";
import { AllowedNetworks } from "./allowed-networks.ts";

describe("allowed networks", () => {
  test.each([
    ["10.0.0.0/8", "10.255.255.255", true],
    ["10.0.0.0/8", "11.0.0.0", false],
    ["10.1.2.3/8", "10.9.9.9", true],
    ["192.168.4.0/22", "192.168.7.255", true],
    ["192.168.4.0/22", "192.168.8.0", false],
    ["192.168.4.0/22", "192.168.3.255", false],
    ["10.0.0.1/32", "10.0.0.1", true],
    ["10.0.0.1/32", "10.0.0.2", false],
    ["0.0.0.0/0", "255.1.2.3", true],
    ["0.0.0.0/0", "::1", false],
    ["::/0", "fe80::1", true],
    ["::/0", "10.0.0.1", false],
    ["fd00::/8", "fdff::1", true],
    ["fd00::/8", "fe00::1", false],
    ["2001:db8::/33", "2001:db8:7fff::1", true],
    ["2001:db8::/33", "2001:db8:8000::1", false],
    ["::1/128", "::1", true],
    ["10.0.0.0/8", "::ffff:10.0.0.1", true],
    ["::ffff:10.0.0.0/104", "10.1.1.1", true],
    ["::ffff:10.0.0.0/104", "11.1.1.1", false],
    [" 10.0.0.0/8 ", "10.0.0.1", true],
    ["10.0.0.0/8", "web-1", false],
    ["10.0.0.0/8", "", false],
  ])("%s and %s: %s", (cidr, address, allowed) => {
    expect(new AllowedNetworks([cidr]).allows(address)).toBe(allowed);
  });

  test("allow whatever one of them allows", () => {
    const networks = new AllowedNetworks(["10.0.0.0/8", "fd00::/8"]);
    expect(["10.0.0.1", "fd00::1", "192.168.0.1"].map((address) => networks.allows(address))).toEqual([
      true,
      true,
      false,
    ]);
  });

  test("allow every address where there are none", () => {
    expect(new AllowedNetworks([]).allows("1.2.3.4")).toBe(true);
  });

  test.each([
    "",
    "10.0.0.0",
    "10.0.0.0/",
    "10.0.0.0/33",
    "10.0.0/8",
    "::/129",
    "::ffff:10.0.0.0/95",
    "10.0.0.0/-1",
    "10.0.0.0/8/8",
    "web/8",
    "10.0.0.0/8x",
  ])("cannot be %j", (cidr) => {
    const expected = new SerfError("INVALID_OPTION", `"${cidr}" is not a network such as 10.0.0.0/8 or fd00::/8`);
    expect(() => new AllowedNetworks([cidr])).toThrow(expected);
  });
});
