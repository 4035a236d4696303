import { describe, expect, test } from "vitest";
import { resolveOptions } from "../base/options.ts";
import { memberlistOptions, memberlistProfiles, resolveMemberlistOptions } from "./options.ts";

describe("the profiles", () => {
  test.each([
    ["lan", [1_000, 500, 200, 3, 30_000, 4, 6, 4, 3, 10_000, 30_000]],
    ["wan", [5_000, 3_000, 500, 4, 60_000, 6, 6, 4, 3, 30_000, 60_000]],
    ["local", [1_000, 200, 100, 3, 15_000, 3, 6, 2, 1, 1_000, 15_000]],
  ] as const)("%s has the reference's times and counts", (profile, expected) => {
    const options = resolveMemberlistOptions({ nodeName: "a", ...memberlistProfiles[profile] });
    expect([
      options.probeIntervalMs,
      options.probeTimeoutMs,
      options.gossipIntervalMs,
      options.gossipNodes,
      options.pushPullIntervalMs,
      options.suspicionMult,
      options.suspicionMaxTimeoutMult,
      options.retransmitMult,
      options.indirectChecks,
      options.streamTimeoutMs,
      options.gossipToTheDeadMs,
    ]).toEqual(expected);
  });
});

describe("the options of a memberlist", () => {
  test("are documented, and their defaults are values they accept", () => {
    for (const [name, option] of Object.entries(memberlistOptions)) {
      expect(option.doc.length, name).toBeGreaterThan(20);
      if (option.default === undefined) continue;
      const checked = option.type.check(option.default);
      expect(checked, name).toEqual({ value: option.default });
    }
  });

  test("can be resolved again, with the same result", () => {
    const advertise = { address: "::FFFF:10.0.0.1", port: 7 };
    const once = resolveMemberlistOptions({ nodeName: "a", advertise, keys: [new Uint8Array(16)] });
    expect(once.advertise).toEqual({ address: "10.0.0.1", port: 7 });
    expect(resolveMemberlistOptions(once)).toEqual(once);
  });

  test.each<[string, unknown, string]>([
    ["nodeName", "", 'option "nodeName" must be given'],
    ["label", "é".repeat(128), 'option "label" must be a text of at most 255 bytes'],
    [
      "advertise",
      { address: "web", port: 1 },
      'option "advertise" must be an IP address and a port from 0 to 65535, is {"address":"web","port":1}',
    ],
    [
      "advertise",
      { address: "10.0.0.1", port: 65_536 },
      'option "advertise" must be an IP address and a port from 0 to 65535, is {"address":"10.0.0.1","port":65536}',
    ],
    ["advertise", null, 'option "advertise" must be an IP address and a port from 0 to 65535, is null'],
    ["protocolVersion", 6, 'option "protocolVersion" must be an integer from 1 to 5, is 6'],
    ["keys", [new Uint8Array(5)], 'option "keys" cannot be used: key size must be 16, 24 or 32 bytes'],
    ["keys", ["secret"], 'option "keys" must be a list of byte arrays'],
    [
      "allowedNetworks",
      ["10.0.0.0"],
      'option "allowedNetworks" cannot be used: "10.0.0.0" is not a network such as 10.0.0.0/8 or fd00::/8',
    ],
    ["allowedNetworks", "10.0.0.0/8", 'option "allowedNetworks" must be a list of networks such as 10.0.0.0/8'],
    ["delegateProtocolMin", 1, "they are 1, 0 and 0"],
    [
      "delegateProtocolCurrent",
      3,
      'option "delegateProtocolCurrent" must be between "delegateProtocolMin" and "delegateProtocolMax", they are 0, 3 and 0',
    ],
    ["packetBytesMax", 100, 'option "packetBytesMax" must be an integer from 512 to 65507, is 100'],
  ])("say what is wrong with %s", (name, value, message) => {
    expect(() => resolveMemberlistOptions({ nodeName: "a", [name]: value })).toThrow(message);
  });

  test("can be changed by nobody who gave them", () => {
    const keys = [new Uint8Array(16).fill(1)];
    const networks = ["10.0.0.0/8"];
    const options = resolveOptions(memberlistOptions, { keys, allowedNetworks: networks });
    keys[0]!.fill(0);
    networks.push("0.0.0.0/0");
    expect(options.keys[0]).toEqual(new Uint8Array(16).fill(1));
    expect(options.allowedNetworks).toEqual(["10.0.0.0/8"]);
  });
});
