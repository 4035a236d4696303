import { describe, expect, test } from "vitest";
import { resolveOptions } from "../../base/options.ts";
import { createPluginBench } from "../bench.ts";
import type { PluginMember } from "../plugin.ts";
import { plugin } from "./index.ts";
import { modelOf } from "./model.ts";
import { nginxOptions } from "./options.ts";

const member = (name: string, tags: Record<string, string>): PluginMember => ({
  ...{ name, address: "10.0.0.1", port: 7946, status: "alive", tags },
});

describe("options of nginx", () => {
  test.each([
    [{}, "the pool needs bind"],
    [{ bind: ["*:80"], pools: [{ name: "web", bind: ["*:81"] }] }, "with pools, bind, tag and name stand in each"],
    [{ pools: [{ bind: ["*:81"] }] }, "each of the pools needs a name"],
    [{ run: "service" }, "run=service needs config"],
    [{ bind: ["*:80"], config: "nginx.conf" }, "files need absolute paths"],
    [{ bind: ["*:80"], check: "true" }, "check is for run=service"],
    [{ bind: ["*:80;\n"] }, "lines without control characters"],
  ])("%j are refused", (fileOptions, problem) => {
    expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
  });
});

test("servers get their share, and one with a share of 0 none", () => {
  const options = resolveOptions(nginxOptions, { bind: ["*:80"], balance: "leastconn", maxconn: 9 });
  const { pools } = modelOf([member("a", { weight: "3" }), member("b", { weight: "0" })], options, "web");
  expect(pools).toHaveLength(1);
  expect(pools[0]).toMatchObject({ name: "web", method: "least_conn" });
  expect(pools[0]?.servers.map(({ settings }) => settings)).toEqual([
    "weight=3 max_fails=1 fail_timeout=10s max_conns=9",
    "down max_fails=1 fail_timeout=10s max_conns=9",
  ]);
});
