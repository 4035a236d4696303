import { describe, expect, test } from "vitest";
import { parseJoinAddress } from "./join-address.ts";

describe("a join address", () => {
  test.each([
    ["10.0.0.1", "", "10.0.0.1", 7946],
    ["10.0.0.1:7000", "", "10.0.0.1", 7000],
    ["web-1/10.0.0.1", "web-1", "10.0.0.1", 7946],
    ["web-1/10.0.0.1:7000", "web-1", "10.0.0.1", 7000],
    ["seeds.example", "", "seeds.example", 7946],
    ["seeds.example:0", "", "seeds.example", 0],
    ["seeds.example:65535", "", "seeds.example", 65535],
    ["::1", "", "::1", 7946],
    ["[::1]", "", "::1", 7946],
    ["[::1]:7000", "", "::1", 7000],
    ["fe80::1:7000", "", "fe80::1:7000", 7946],
    ["web-1/[fe80::1]:7000", "web-1", "fe80::1", 7000],
    ["[10.0.0.1]:7000", "", "10.0.0.1", 7000],
  ])("%j names node %j, host %j, port %i", (text, nodeName, host, port) => {
    expect(parseJoinAddress(text, 7946)).toEqual({ nodeName, host, port });
  });

  test("names a service whose SRV records say where it is", () => {
    const service = "_serf._tcp.serf.default.svc.cluster.local";
    expect(parseJoinAddress(`srv:${service}`, 7946)).toEqual({ service });
    expect(parseJoinAddress("srv:7000", 7946)).toEqual({ nodeName: "", host: "srv", port: 7000 });
  });

  test.each([
    ["srv:_serf.example", '"_serf.example" is not the name of a service, as in srv:_serf._tcp.example.org'],
    ["srv:_serf._tcp.a b", '"_serf._tcp.a b" is not the name of a service, as in srv:_serf._tcp.example.org'],
    ["", 'no host in ""'],
    [":7946", 'no host in ":7946"'],
    ["web-1/", 'no host in "web-1/"'],
    ["[]:7946", 'no host in "[]:7946"'],
    ["/10.0.0.1", "empty node name provided"],
    ["10.0.0.1:", '"" is not a port, which is a number from 0 to 65535'],
    ["10.0.0.1:http", '"http" is not a port, which is a number from 0 to 65535'],
    ["10.0.0.1:65536", '"65536" is not a port, which is a number from 0 to 65535'],
    ["10.0.0.1:-1", '"-1" is not a port, which is a number from 0 to 65535'],
    ["[::1", '"[::1" is neither a host name nor an IP address'],
    ["[::1]7946", '"[::1]7946" is neither a host name nor an IP address'],
    ["a/b/c", '"b/c" is neither a host name nor an IP address'],
    ["two words", '"two words" is neither a host name nor an IP address'],
  ])("cannot be %j: %s", (text, problem) => {
    expect(parseJoinAddress(text, 7946)).toEqual({ problem });
  });
});
