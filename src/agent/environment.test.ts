import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { SerfError } from "../base/errors.ts";
import { type Option, variableOf } from "../base/options.ts";
import { loadConfig } from "./config.ts";
import { readEnvironment } from "./environment.ts";
import { agentOptions } from "./options.ts";

function configFile(content: object): string {
  const folder = mkdtempSync(join(tmpdir(), "serf-ts-environment-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const path = join(folder, "agent.json");
  writeFileSync(path, JSON.stringify(content));
  return path;
}

describe("the environment", () => {
  test("has a variable of its own for every option", () => {
    const variables = Object.values<Option<unknown>>(agentOptions).map(variableOf);
    expect(variables).not.toContain(undefined);
    expect(new Set(variables).size).toBe(variables.length);
    expect(variables).toEqual(
      expect.arrayContaining(["SERF_BIND", "SERF_NODE_NAME", "SERF_RPC_ADDR", "SERF_RPC_AUTH", "SERF_MDNS_INTERFACE"]),
    );
  });

  test("gives values of every type", () => {
    const { source } = readEnvironment({
      SERF_NODE_NAME: "a",
      SERF_PROTOCOL: "4",
      SERF_RETRY_INTERVAL: "1m30s",
      SERF_LOG_LEVEL: "debug",
      SERF_ENABLE_COMPRESSION: "false",
      SERF_MDNS_DISABLE_IPV6: "1",
      SERF_START_JOIN: "[::1]:7946, 10.0.0.1,",
      SERF_TAGS: "role=web,dc=eu=1",
      SERF_EVENT_HANDLERS: "member-join,member-leave=change.sh\nlog.sh a, b",
    });
    expect(source).toEqual({
      nodeName: "a",
      protocolVersion: 4,
      retryIntervalMs: 90_000,
      logLevel: "DEBUG",
      compression: false,
      mdnsDisableIpv6: true,
      startJoin: ["[::1]:7946", "10.0.0.1"],
      tags: { role: "web", dc: "eu=1" },
      eventHandlers: ["member-join,member-leave=change.sh", "log.sh a, b"],
    });
  });

  test("may give a list line by line, for entries with commas", () => {
    expect(readEnvironment({ SERF_TAGS: "zones=a,b\n" }).source).toEqual({ tags: { zones: "a,b" } });
  });

  test("is stronger than files and weaker than flags; lists of all follow each other", () => {
    const path = configFile({ node_name: "file", bind: "10.0.0.1", profile: "wan", start_join: ["1"] });
    const environment = { SERF_CONFIG_FILE: path, SERF_NODE_NAME: "env", SERF_BIND: "10.0.0.2", SERF_START_JOIN: "2" };
    const { config } = loadConfig({ nodeName: "flag", startJoin: ["3"] }, "host", environment);
    expect(config).toMatchObject({ nodeName: "flag", bind: "10.0.0.2", profile: "wan", startJoin: ["1", "2", "3"] });
  });

  test("reads the files it names before those of the flags", () => {
    const [weaker, stronger] = [configFile({ label: "a", bind: "::1" }), configFile({ label: "b" })];
    const { config } = loadConfig({ configPaths: [stronger] }, "host", { SERF_CONFIG_FILE: weaker });
    expect(config).toMatchObject({ label: "b", bind: "::1" });
  });

  test("counts as not given where it is empty", () => {
    expect(readEnvironment({ SERF_BIND: "", SERF_PROTOCOL: "" })).toEqual({ source: {}, notices: [] });
  });

  test("is mentioned by name, never by value, since it is out of sight and may be secret", () => {
    expect(readEnvironment({ SERF_RPC_AUTH: "secret", SERF_BIND: "::1" }).notices).toEqual([
      "Using SERF_BIND, SERF_RPC_AUTH of the environment",
    ]);
  });

  test.each([
    ["SERF_PROTOCOL", "9", "must be an integer from 2 to 5, is 9"],
    ["SERF_RETRY_INTERVAL", "5", 'time: missing unit in duration "5"'],
    ["SERF_REPLAY_ON_JOIN", "maybe", 'must be true or false, is "maybe"'],
    ["SERF_TAGS", "a=b,c", 'must be key=value, is "c"'],
    ["SERF_ENCRYPT_KEY", "c2VjcmV0", "must be 16, 24 or 32 bytes in base64, is 6 bytes"],
  ])("with a wrong %s is refused by that name", (variable, text, problem) => {
    expect(() => readEnvironment({ [variable]: text })).toThrow(
      new SerfError("INVALID_OPTION", `${variable} in the environment: ${problem}`),
    );
  });

  test.each([
    ["SERF_NODE_NMAE", "SERF_NODE_NAME"],
    ["SERF_NODE", "SERF_NODE_NAME"],
    ["SERF_JOIN", "SERF_START_JOIN"],
    ["SERF_TAG", "SERF_TAGS"],
    ["SERF_SNAPSHOT", "SERF_SNAPSHOT_PATH"],
    ["SERF_MDNS_IFACE", "SERF_MDNS_INTERFACE"],
  ])("with %s gets the hint that %s may be meant", (variable, meant) => {
    expect(readEnvironment({ [variable]: "x" })).toEqual({
      source: {},
      notices: [`Warning: ${variable} in the environment is no option, did you mean ${meant}?`],
    });
  });

  test.each([
    "SERF_EVENT",
    "SERF_SELF_NAME",
    "SERF_SELF_ROLE",
    "SERF_TAG_ROLE",
    "SERF_USER_EVENT",
    "SERF_USER_LTIME",
    "SERF_QUERY_NAME",
    "SERF_QUERY_LTIME",
    "SERF_TS_REQUIRE_PEERS",
    "SERF_PORT_7946_TCP_ADDR",
    "SERF_SERVICE_HOST",
    "PATH",
  ])("may hold %s, which is not for the agent", (variable) => {
    expect(readEnvironment({ [variable]: "x" })).toEqual({ source: {}, notices: [] });
  });
});
