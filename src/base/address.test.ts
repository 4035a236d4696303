import { describe, expect, test } from "vitest";
import { bytesToIp, canonicalIp, formatEndpoint, ipToBytes, parseEndpoint } from "./address.ts";

describe("an address", () => {
  test.each([
    ["10.0.0.1", "10.0.0.1"],
    ["255.255.255.255", "255.255.255.255"],
    ["::", "::"],
    ["::1", "::1"],
    ["1::", "1::"],
    ["FE80:0:0:0:0:0:0:1", "fe80::1"],
    ["2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"],
    ["2001:0:0:1:0:0:0:1", "2001:0:0:1::1"],
    ["1:0:2:3:4:5:6:7", "1:0:2:3:4:5:6:7"],
    ["::ffff:10.0.0.1", "10.0.0.1"],
    ["::ffff:a00:1", "10.0.0.1"],
    ["64:ff9b::10.0.0.1", "64:ff9b::a00:1"],
    ["1:2:3:4:5:6:7::", "1:2:3:4:5:6:7:0"],
  ])("%s is %s", (text, canonical) => {
    expect(canonicalIp(text)).toBe(canonical);
    expect(bytesToIp(ipToBytes(text)!)).toBe(canonical);
  });

  test.each([
    "",
    "a",
    "1.2.3",
    "1.2.3.4.5",
    "1.2.3.256",
    "1.2.3.",
    ".1.2.3",
    "01.2.3.4",
    "1.2.3.4 ",
    "+1.2.3.4",
    ":",
    ":::",
    "1::2::3",
    "1:2:3:4:5:6:7",
    "1:2:3:4:5:6:7:8:9",
    "1:2:3:4:5:6:7:8::",
    "12345::",
    "fe80::1%eth0",
    "::1.2.3",
    "1.2.3.4::",
    "localhost",
  ])("is not %j", (text) => {
    expect(ipToBytes(text)).toBeUndefined();
    expect(canonicalIp(text)).toBeUndefined();
  });

  test("takes 4 or 16 bytes, IPv4 always 4", () => {
    expect(ipToBytes("::ffff:10.0.0.1")).toEqual(Uint8Array.of(10, 0, 0, 1));
    expect(ipToBytes("fe80::1")?.length).toBe(16);
    for (const length of [0, 3, 5, 15, 17]) expect(bytesToIp(new Uint8Array(length))).toBeUndefined();
  });
});

describe("an endpoint", () => {
  test.each([
    [{ address: "10.0.0.1", port: 7946 }, "10.0.0.1:7946"],
    [{ address: "fe80::1", port: 0 }, "[fe80::1]:0"],
  ])("%j is written and read as %s", (endpoint, text) => {
    expect(formatEndpoint(endpoint)).toBe(text);
    expect(parseEndpoint(text)).toEqual(endpoint);
  });

  test("is read into canonical form", () => {
    expect(parseEndpoint("[::ffff:10.0.0.1]:65535")).toEqual({ address: "10.0.0.1", port: 65_535 });
  });

  test.each(["", "10.0.0.1", "10.0.0.1:", "10.0.0.1:65536", "[10.0.0.1]:1", "::1:1", "host:1", "[::1]", "10.0.0.1:-1"])(
    "is not %j",
    (text) => {
      expect(parseEndpoint(text)).toBeUndefined();
    },
  );
});
