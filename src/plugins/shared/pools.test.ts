import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../base/options.ts";
import type { PluginMember } from "../plugin.ts";
import { type PoolChoice, poolOptions, serverName, serversOf } from "./pools.ts";

const member = (name: string, tags: Record<string, string> = {}, more: Partial<PluginMember> = {}): PluginMember => ({
  ...{ name, address: "10.0.0.1", port: 7946, status: "alive", tags },
  ...more,
});
const pool = (given: Partial<PoolChoice> = {}) => resolveOptions(poolOptions, given);
const endpoints = (members: PluginMember[], given?: Partial<PoolChoice>) =>
  serversOf(members, pool(given)).servers.map(({ name, endpoint, weight }) => `${name} ${endpoint} ${weight}`);

describe("serversOf", () => {
  test("takes members that are alive and have the tags, sorted by name", () => {
    const members = [
      member("b", { role: "web" }),
      member("a", { role: "web" }),
      member("db", { role: "db" }),
      member("gone", { role: "web" }, { status: "left" }),
      member("going", { role: "web" }, { status: "leaving" }),
      member("dead", { role: "web" }, { status: "failed" }),
    ];
    expect(endpoints(members, { tag: "role=web" })).toEqual(["a 10.0.0.1:80 1", "b 10.0.0.1:80 1"]);
  });

  test("takes port and weight from tags, else from the options", () => {
    const members = [member("a", { port: "81", weight: "0" }), member("b", {}, { address: "fd00::2" })];
    expect(endpoints(members, { port: 8080, weight: 7 })).toEqual(["a 10.0.0.1:81 0", "b [fd00::2]:8080 7"]);
    expect(endpoints(members, { portTag: "", weightTag: "" })).toEqual(["a 10.0.0.1:80 1", "b [fd00::2]:80 1"]);
  });

  test.each(["", "0", "65536", "80x", "80 ", "-1", "1e3", "٨٠", "80\n"])(
    "leaves out a member whose port is %j",
    (port) => {
      const { servers, problems } = serversOf([member("a", { port })], pool());
      expect(servers).toEqual([]);
      expect(problems).toEqual(["a is left out: its tag port is no port"]);
    },
  );

  test("counts a member whose weight is wrong as the option says", () => {
    const { servers, problems } = serversOf([member("a", { weight: "257" })], pool({ weight: 3 }));
    expect(servers[0]?.weight).toBe(3);
    expect(problems[0]).toContain("no weight from 0 to 256");
  });

  test("keeps names apart that would become the same, and never has two servers of one name", () => {
    expect(serverName("web-1.example")).toBe("web-1.example");
    expect(serverName("web 1")).toMatch(/^web_1-[0-9a-f]{12}$/);
    expect(serverName("web 1")).not.toBe(serverName("web;1"));
    const { servers, problems } = serversOf([member("web 1"), member(serverName("web 1"))], pool());
    expect(servers).toHaveLength(1);
    expect(problems).toHaveLength(1);
  });
});
