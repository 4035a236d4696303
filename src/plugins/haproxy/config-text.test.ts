import { describe, expect, test } from "vitest";
import { readConfig } from "./config-text.ts";

const text = `global
    stats socket /run/x.sock
frontend web
    default_backend web
backend web
    balance roundrobin
    server web1 10.0.0.1:80 weight 3 check inter 2s
    server web2 [fd00::2]:8080 check
backend empty
`;

describe("readConfig", () => {
  test("divides a file into its servers and the rest", () => {
    const { rest, servers, backends } = readConfig(text);
    expect(rest).not.toContain("server web");
    expect(rest).toContain("balance roundrobin");
    expect([...backends]).toEqual(["web", "empty"]);
    expect(Object.fromEntries(servers)).toEqual({
      "web/web1": {
        backend: "web",
        name: "web1",
        address: "10.0.0.1",
        port: 80,
        weight: 3,
        settings: "check inter 2s",
      },
      "web/web2": { backend: "web", name: "web2", address: "fd00::2", port: 8080, weight: 1, settings: "check" },
    });
  });

  test.each([
    ["a host name", "server web1 web1.example:80"],
    ["no port", "server web1 10.0.0.1"],
    ["a further command", "server web1 10.0.0.1:80 check; shutdown sessions server web/web2"],
    ["quotes", 'server web1 10.0.0.1:80 cookie "a b"'],
    ["a variable", "server web1 10.0.0.1:80 maxconn $MAX"],
    ["a comment", "server web1 10.0.0.1:80 # the first"],
    ["a name that is none", "server web;1 10.0.0.1:80"],
  ])("leaves a server with %s to the rest, since no socket could be told it", (_what, line) => {
    const { rest, servers } = readConfig(`backend web\n  ${line}\n`);
    expect(servers.size).toBe(0);
    expect(rest).toContain(line);
  });

  test("takes comments and empty lines for nothing", () => {
    expect(readConfig("# two of three\nbackend web\n\n  # more\n")).toEqual(readConfig("backend web"));
  });

  test("takes server lines outside of backends, and second ones of a name, for the rest", () => {
    const { servers, rest } = readConfig(
      "peers p\n  server p1 10.0.0.9:1024\nlisten web\n  server a 10.0.0.1:80\n  server a 10.0.0.2:80\n",
    );
    expect([...servers.keys()]).toEqual(["web/a"]);
    expect(rest).toContain("server p1");
    expect(rest).toContain("10.0.0.2");
  });
});
