import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { SerfError } from "../base/errors.ts";
import { loadConfig } from "./config.ts";
import { type AgentOptions, agentOptions } from "./options.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "serf-ts-config-"));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

function file(name: string, content: unknown): string {
  const path = join(folder, name);
  writeFileSync(path, typeof content === "string" ? content : JSON.stringify(content));
  return path;
}

function load(flags: Record<string, unknown>) {
  return loadConfig(flags, "host-1");
}

describe("configuration", () => {
  test("without anything given it is the reference's defaults under the host's name", () => {
    expect(load({})).toMatchObject({
      notices: [],
      config: {
        nodeName: "host-1",
        bind: "0.0.0.0",
        rpcAddress: "127.0.0.1:7373",
        profile: "lan",
        logLevel: "INFO",
        protocolVersion: 5,
        retryIntervalMs: 30_000,
        broadcastTimeoutMs: 5000,
        userEventBytesMax: 512,
        compression: true,
      },
    });
  });

  test("files win over defaults in the order given, and flags over files (detail 15)", () => {
    const first = file("first.json", { node_name: "a", profile: "wan", start_join: ["x"], tags: { p: "1", q: "1" } });
    const second = file("second.json", { node_name: "b", start_join: ["y"], tags: { q: "2" } });
    const { config } = load({ configPaths: [first, second], nodeName: "c", startJoin: ["z"], tags: { p: "3" } });
    expect(config).toMatchObject({
      nodeName: "c",
      profile: "wan",
      startJoin: ["x", "y", "z"],
      tags: { p: "3", q: "2" },
    });
  });

  test("an explicit false or 0 wins over an earlier true or number", () => {
    const first = file("first.json", { leave_on_terminate: true, replay_on_join: true, retry_max_attempts: 3 });
    const second = file("second.json", { leave_on_terminate: false, retry_max_attempts: 0 });
    expect(load({ configPaths: [first, second], replay: false }).config).toMatchObject({
      leaveOnTerminate: false,
      retryMax: 0,
      replay: false,
    });
  });

  test("a directory is its .json files in alphabetical order, and nothing below it", () => {
    file("b.json", { node_name: "b" });
    file("a.json", { node_name: "a", rpc_auth: "secret" });
    file("c.txt", "not for us");
    mkdirSync(join(folder, "d.json"));
    expect(load({ configPaths: [folder] }).config).toMatchObject({ nodeName: "b", rpcAuthKey: "secret" });
  });

  test("keys are found in any case, and every key that has no flag too (detail 15)", () => {
    const path = file("a.json", {
      Rpc_Auth: "k",
      RECONNECT_INTERVAL: "10s",
      reconnect_timeout: "1h",
      enable_compression: false,
    });
    expect(load({ configPaths: [path] }).config).toMatchObject({
      rpcAuthKey: "k",
      reconnectIntervalMs: 10_000,
      reconnectTimeoutMs: 3_600_000,
      compression: false,
    });
  });

  test("the old role becomes a tag, and intervals below a second are raised, each with a notice (detail 15)", () => {
    const { config, notices } = load({
      role: "web",
      tags: { role: "x", y: "z" },
      retryIntervalMs: 5,
      broadcastTimeoutMs: 0,
    });
    expect(config).toMatchObject({ tags: { role: "web", y: "z" }, retryIntervalMs: 1000, broadcastTimeoutMs: 1000 });
    expect(notices).toEqual([
      "Deprecation warning: 'Role' has been replaced with 'Tags'",
      "Warning: 'RetryInterval' is too low. Setting to 1s",
      "Warning: 'BroadcastTimeout' is too low. Setting to 1s",
    ]);
  });

  test("a rejoin without a snapshot to rejoin from gets a notice", () => {
    const warning = "Warning: 'RejoinAfterLeave' enabled without snapshot file";
    expect(load({ rejoinAfterLeave: true }).notices).toEqual([warning]);
    expect(load({ rejoinAfterLeave: true, snapshotPath: "/x" }).notices).toEqual([]);
  });

  test("options that belong together are an object of their own (detail 15)", () => {
    const first = file("first.json", { discover: "blue", mdns: { interface: "eth0", disable_ipv6: true } });
    const second = file("second.json", { MDNS: { Interface: "eth1", disable_ipv4: null } });
    expect(load({ configPaths: [first, second] }).config).toMatchObject({
      discover: "blue",
      mdnsInterface: "eth1",
      mdnsDisableIpv4: false,
      mdnsDisableIpv6: true,
    });
  });

  test("every key of the reference is taken, in a file of the reference's", () => {
    const path = file("all.json", {
      node_name: "a",
      role: "web",
      disable_coordinates: true,
      tags: { dc: "eu" },
      tags_file: "/t",
      bind: "10.0.0.1",
      interface: "eth0",
      advertise: "10.0.0.2:1",
      discover: "blue",
      mdns: { interface: "eth0", disable_ipv4: true, disable_ipv6: false },
      encrypt_key: "cg8StVXbQJ0gPvMd9o7yrg==",
      keyring_file: "/k",
      log_level: "debug",
      profile: "wan",
      protocol: 3,
      rpc_addr: "127.0.0.1:1",
      rpc_auth: "secret",
      event_handlers: ["x.sh"],
      start_join: ["a"],
      replay_on_join: true,
      snapshot_path: "/s",
      leave_on_terminate: true,
      skip_leave_on_interrupt: true,
      reconnect_interval: "1m",
      reconnect_timeout: "2h",
      tombstone_timeout: "3h",
      disable_name_resolution: true,
      enable_syslog: true,
      syslog_facility: "daemon",
      retry_join: ["b"],
      retry_max_attempts: 3,
      retry_interval: "5s",
      rejoin_after_leave: true,
      statsite_addr: "10.0.0.3:8125",
      statsd_addr: "10.0.0.4:8125",
      query_response_size_limit: 900,
      query_size_limit: 800,
      user_event_size_limit: 700,
      broadcast_timeout: "7s",
      enable_compression: false,
      validate_node_names: true,
      MsgpackUseNewTimeFormat: true,
    });
    const { config } = load({ configPaths: [path] });
    const unchanged = Object.entries(agentOptions).filter(
      ([name, option]) => "key" in option && isDeepStrictEqual(config[name as keyof AgentOptions], option.default),
    );
    expect(unchanged.map(([name]) => name)).toEqual([
      "label",
      "dissemination",
      "flapDampingMs",
      "confirmDeaths",
      "compressedPacketBytesMin",
      "mdnsDisableIpv6",
      "fastFailure",
      "fastFailureStreams",
      "fastFailureDwellMs",
      "fastFailureConfirmations",
      "fastFailureTruceMs",
      "eventBufferLength",
      "eventOrderWaitMs",
      "eventsPerSecond",
      "eventsWaitingMax",
      "rpcAuthTimeoutMs",
      "logFormat",
      "pluginDir",
    ]);
  });

  test.each<[options: Record<string, unknown>, problem: string]>([
    [{ mdnsInterface: "eth0" }, "mDNS interface specified without enabling mDNS discovery"],
    [
      { discover: "blue", mdnsDisableIpv4: true, mdnsDisableIpv6: true },
      "Invalid mDNS configuration: both IPv4 and IPv6 are disabled",
    ],
  ])("discovery that cannot work is refused: %o (detail 16)", (options, problem) => {
    expect(() => load(options)).toThrow(problem);
  });

  test("event handlers are read at the start", () => {
    expect(load({ eventHandlers: ["user:deploy=run.sh"] }).config.eventScripts).toEqual([
      { filter: { event: "user", name: "deploy" }, script: "run.sh" },
    ]);
    expect(() => load({ eventHandlers: ["nope=run.sh"] })).toThrow(
      "Invalid event script: Event 'nope' invoking 'run.sh'",
    );
  });
});

describe("a bad configuration file is named together with the place", () => {
  test.each<[what: string, content: unknown, problem: string]>([
    ["bad JSON", '{\n  "bind": "x"\n  "tags": {}\n}', 'not JSON at line 3, column 3: unexpected "\\""'],
    ["an empty file", "", "not JSON at line 1, column 1: unexpected end"],
    ["no object", "[]", "the file must hold one JSON object"],
    ["a mistyped key", { start_jion: [] }, 'unknown key "start_jion", did you mean "start_join"?'],
    ["a strange key", { colour: "red" }, 'unknown key "colour"'],
    ["a flag's name as key", { "rpc-addr": "x" }, 'unknown key "rpc-addr", did you mean "rpc_addr"?'],
    [
      "a nested key mistyped",
      { mdns: { inteface: "x" } },
      'unknown key "inteface" in "mdns", did you mean "interface" in "mdns"?',
    ],
    [
      "a nested key not nested",
      { mdns_interface: "x" },
      'unknown key "mdns_interface", did you mean "interface" in "mdns"?',
    ],
    [
      "a nested key with a dot",
      { "mdns.interface": "x" },
      'unknown key "mdns.interface", did you mean "interface" in "mdns"?',
    ],
    ["a text for an object", { mdns: "eth0" }, 'mdns: must be an object, is "eth0"'],
    ["a wrong nested type", { mdns: { disable_ipv4: "yes" } }, 'mdns.disable_ipv4: must be true or false, is "yes"'],
    ["a wrong type", { start_join: "a" }, 'start_join: must be a list of texts, is "a"'],
    ["a number out of range", { protocol: 9 }, "protocol: must be an integer from 2 to 5, is 9"],
    ["a duration without unit", { retry_interval: "5" }, 'retry_interval: time: missing unit in duration "5"'],
    ["a short key", { encrypt_key: "YWJj" }, "encrypt_key: must be 16, 24 or 32 bytes in base64, is 3 bytes"],
    [
      "a level that is none",
      { log_level: "loud" },
      'log_level: must be one of TRACE, DEBUG, INFO, WARN, ERR, is "loud"',
    ],
  ])("%s", (_, content, problem) => {
    const path = file("bad.json", content);
    expect(() => load({ configPaths: [path] })).toThrow(
      new SerfError("INVALID_CONFIG_FILE", `Error decoding '${path}': ${problem}`),
    );
  });

  test("a file that is not there", () => {
    expect(() => load({ configPaths: ["/nowhere/a.json"] })).toThrow(
      new SerfError(
        "INVALID_CONFIG_FILE",
        "Error reading '/nowhere/a.json': open /nowhere/a.json: no such file or directory",
      ),
    );
  });

  test("a key is never repeated in an error", () => {
    const path = file("bad.json", { encrypt_key: "c2VjcmV0" });
    expect(() => load({ configPaths: [path] })).not.toThrow("c2VjcmV0");
  });
});
