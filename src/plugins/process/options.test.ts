import { expect, test } from "vitest";
import { createPluginBench } from "../bench.ts";
import { describeInit, plugin } from "./index.ts";

const web = { name: "web", command: ["web"] };

test.each([
  [{}, "there must be one at least"],
  [{ programs: [{ command: ["web"] }] }, "entry 1: name must be given"],
  [{ programs: [{ name: "a b", command: ["web"] }] }, "entry 1: name must be given, of letters"],
  [{ programs: [web, { name: "b" }] }, "entry 2: command must have a program"],
  [{ programs: [{ name: "b", command: ["a\0b"] }] }, "must not have zero bytes"],
  [{ programs: [web, web] }, "two have the same name"],
  [{ programs: [{ ...web, check: "true", check_tcp: "80" }] }, "at most one of check"],
  [{ programs: [{ ...web, check_tcp: "nowhere" }] }, "check_tcp must be a port, or address:port"],
  [{ programs: [{ ...web, check_http: "file:///x" }] }, "check_http must be a URL"],
  [{ programs: [{ ...web, restart_min: "1h" }] }, "restart_min must not be longer"],
  [{ programs: [{ ...web, signals: { SIGTERM: "SIGHUP" } }] }, "signals: SIGTERM is none of SIGHUP, SIGUSR1"],
  [{ programs: [{ ...web, signals: { SIGHUP: "HUP" } }] }, "signals: HUP is none of SIGTERM"],
])("options %j of process are refused", (fileOptions, problem) => {
  expect(() => createPluginBench(plugin, { fileOptions })).toThrow(problem);
});

test("process 1 is told that it does not reap", () => {
  expect([describeInit(1), describeInit(2)]).toEqual([expect.stringContaining("tini or s6"), undefined]);
});
