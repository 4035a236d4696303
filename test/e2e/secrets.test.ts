/** What an agent was told in confidence, looked for in all that it says; and who may read what it writes. */

import { statSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { loopback } from "../support/loopback.ts";
import type { RunningProcess } from "../support/processes.ts";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand, startCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const rpcAuth = "hush-rpc-auth";
const secrets = [key, "T9jncgl9mb", "hush-"];

const sandbox = useSandbox();
const started: RunningProcess[] = [];
afterAll(() => Promise.all(started.map((command) => command.kill())));

/** With a `umask`, for the files that it makes. */
async function startAgent(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  umask = "022",
): Promise<RunningProcess> {
  const agent = startCommand("ours", ["agent", ...args], env, ["sh", "-c", `umask ${umask}; exec "$@"`, "sh"]);
  started.push(agent);
  await waitFor(() => agent.exit !== undefined || agent.output.includes("Log data will now stream in"), {
    what: "an agent to start",
    witnesses: [agent],
  });
  expect(agent.exit, agent.output).toBeUndefined();
  return agent;
}

function expectSilence(output: string): void {
  expect(output).not.toBe("");
  for (const secret of secrets) expect(output).not.toContain(secret);
}

describe.concurrent("secrets", () => {
  test.each(["flag", "file", "environment", "keyring"])("are in nothing that an agent says: key by %s", async (way) => {
    const folder = await sandbox.folder();
    const keyring = join(folder, "keyring.json");
    await writeFile(keyring, JSON.stringify([key]), { mode: 0o600 });
    const config = join(folder, "agent.json");
    await writeFile(config, JSON.stringify({ rpc_auth: rpcAuth, ...(way === "file" && { encrypt_key: key }) }));
    const rpcAddress = `${loopback}:${await sandbox.port()}`;
    const agent = await startAgent(
      [
        `-config-file=${config}`,
        ...(way === "flag" ? [`-encrypt=${key}`] : []),
        ...(way === "keyring" ? [`-keyring-file=${keyring}`] : []),
        `-node=${way}`,
        `-bind=${loopback}:${await sandbox.port()}`,
        `-rpc-addr=${rpcAddress}`,
        `-plugin-dir=${join(folder, "plugins")}`,
        "-log-level=trace",
      ],
      way === "environment" ? { SERF_ENCRYPT_KEY: key } : {},
    );
    expect(agent.output).toContain("Encrypted: true");
    const command = (name: string, ...args: string[]) =>
      serfCommand("ours", [name, `-rpc-addr=${rpcAddress}`, `-rpc-auth=${rpcAuth}`, ...args]);
    const urls = [{ url: "http://127.0.0.1:9/hush-url", secret: "hush-signature", headers: { cookie: "hush-cookie" } }];
    const asked = [
      ["event", "deploy", "v1"],
      ["info"],
      ["plugin", "install", "webhook", `urls=${JSON.stringify(urls)}`],
      ["plugin", "info", "webhook"],
      ["plugin", "info", "-format=json", "webhook"],
      ["plugin", "set", "webhook", 'urls=[{"url": "hush-wrong"}]'],
      ["plugin", "logs", "webhook"],
      ["plugin", "list"],
      ["info", "-format=json"],
      ["info", "-rpc-auth=hush-another"],
    ] as const;
    const outputs: string[] = [];
    for (const [name, ...rest] of way === "file" ? asked : asked.slice(0, 2)) {
      const { stdout, stderr } = await command(name, ...rest);
      outputs.push(stdout + stderr);
    }
    const monitor = startCommand("ours", [
      "monitor",
      `-rpc-addr=${rpcAddress}`,
      `-rpc-auth=${rpcAuth}`,
      "-log-level=trace",
    ]);
    started.push(monitor);
    await waitFor(() => monitor.stdout.includes("deploy"), {
      what: "the monitor to show the past",
      witnesses: [monitor],
    });
    agent.signal("SIGHUP");
    await waitFor(() => agent.output.includes("SIGHUP") || agent.output.includes("Reload"), { what: "a reload" });
    agent.signal("SIGINT");
    await agent.exited;
    for (const output of [...outputs, monitor.output, agent.output]) expectSilence(output);
    // They were there to be told.
    if (way === "file") expect(outputs.slice(3, 5).join()).toMatch(/urls.*"urls"/s);
  });

  test.each<[string, readonly string[], Readonly<Record<string, string>>, string]>([
    ["a key that is none, by flag", ["-encrypt=hush-no-key"], {}, ""],
    ["a key that is none, in the environment", [], { SERF_ENCRYPT_KEY: "hush-no-key" }, ""],
    ["a key that is none, in a file", [], {}, '{"encrypt_key": "hush-no-key"}'],
    ["a key of the wrong length, in a file", [], {}, '{"encrypt_key": "aHVzaC1ub25l"}'],
    ["RPC's key of another type", [], {}, '{"rpc_auth": {"hush-a": "hush-b"}}'],
    ["RPC's key in a list", [], {}, '{"rpc_auth": ["hush-a"]}'],
    ["a comma that is missing after a key", [], {}, '{"encrypt_key": "hush-no-key" "rpc_auth": "hush-rpc"}'],
    ["a quote that is missing around a key", [], {}, '{"encrypt_key": hush-no-key}'],
    ["a key with a line feed in it", [], {}, '{"encrypt_key": "hush-\nno-key"}'],
  ])("are in no error: %s", async (_, args, env, text) => {
    const folder = await sandbox.folder();
    const config = join(folder, "agent.json");
    if (text !== "") await writeFile(config, text);
    const agent = startCommand("ours", ["agent", ...(text === "" ? [] : [`-config-file=${config}`]), ...args], env);
    started.push(agent);
    expect(await agent.exited).toBe(1);
    expectSilence(agent.output);
  });

  test("are in no error: a keyring with something else in it", async () => {
    const keyring = join(await sandbox.folder(), "keyring.json");
    for (const text of ['["hush-no-key"]', '["hush-a" "hush-b"]', '{"hush-a": "hush-b"}', '["aHVzaC1ub25l"]']) {
      await writeFile(keyring, text);
      const agent = startCommand("ours", ["agent", `-keyring-file=${keyring}`]);
      started.push(agent);
      expect(await agent.exited).toBe(1);
      expectSilence(agent.output);
    }
  });
});

describe.concurrent("files of an agent", () => {
  test.each([
    ["000", 0o644],
    ["077", 0o600],
  ])("are for its user alone whatever the umask is, but for the snapshot: %s", async (umask, snapshotMode) => {
    const folder = await sandbox.folder();
    const at = (name: string) => join(folder, name);
    await writeFile(at("keyring.json"), JSON.stringify([key]), { mode: 0o600 });
    const address = `unix://${at("serf.sock")}`;
    await startAgent(
      [
        `-bind=${loopback}:${await sandbox.port()}`,
        `-rpc-addr=${address}`,
        `-keyring-file=${at("keyring.json")}`,
        `-tags-file=${at("tags.json")}`,
        `-snapshot=${at("snapshot")}`,
        `-plugin-dir=${at("plugins")}`,
      ],
      {},
      umask,
    );
    const commands = [
      ["tags", `-rpc-addr=${address}`, "-set", "role=web"],
      ["keys", `-rpc-addr=${address}`, "-install", "HvY8ubRZMgafUOWvrOadwOckVa1wN3QWAo46FVKbVN8="],
      ["plugin", `-rpc-addr=${address}`, "install", "webhook", "listen=0", "token=correct-horse-battery"],
    ];
    for (const args of commands) expect(await serfCommand("ours", args)).toMatchObject({ code: 0 });
    const modeOf = (name: string) => statSync(at(name)).mode & 0o777;
    await waitFor(() => modeOf("snapshot") > 0, { what: "a snapshot" });
    const names = ["keyring.json", "tags.json", "serf.sock", "plugins/webhook.json", "snapshot"];
    expect(names.map((name) => `${name} ${modeOf(name).toString(8)}`)).toEqual([
      ...["keyring.json 600", "tags.json 600", "serf.sock 600", "plugins/webhook.json 600"],
      `snapshot ${snapshotMode.toString(8)}`,
    ]);
  });
});
