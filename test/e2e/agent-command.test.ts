/** `serf agent` as an operator meets it: banner, log, signals, reload, exit codes, and one line for each mistake. Where it can, beside Debian's. */

import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { loopback } from "../support/loopback.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import { type Kind, serfCommand, startCommand } from "../support/serf-command.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

/** Before a command: what it prints finds no room. */
const ontoFullDisk = ["sh", "-c", 'exec "$@" >/dev/full', "sh"];
const kinds: readonly Kind[] = requirePeer("serf") === undefined ? ["ours"] : ["ours", "debian"];

describe("banner and log", () => {
  const sandbox = useSandbox();

  test.each(kinds)(
    "of %s: banner, then the log with what was held back, four spaces before each line (detail 20)",
    async (kind) => {
      const agent = await sandbox.startAgent({ kind, name: "web", profile: "lan", args: ["-tag=a=b"] });
      await logged(agent, "Received event: member-join");
      agent.process.signal("SIGTERM");
      await agent.process.exited;
      expect(anonymous(agent)).toEqual([
        "==> Starting Serf agent...",
        "==> Starting Serf agent RPC...",
        "==> Serf agent running!",
        "                      Node name: 'web'",
        "                      Bind addr: 'BIND'",
        "                       RPC addr: 'RPC'",
        "                      Encrypted: false",
        "                       Snapshot: false",
        "                        Profile: lan",
        "    Message Compression Enabled: true",
        "",
        "==> Log data will now stream in as it occurs:",
        "",
        "    TIME [INFO] agent: Serf agent starting",
        "    TIME [INFO] serf: EventMemberJoin: web 127.0.0.1",
        "    TIME [INFO] agent: Received event: member-join",
        "==> Caught signal: terminated",
        "    TIME [INFO] agent: requesting serf shutdown",
        "    TIME [WARN] serf: Shutdown without a Leave",
        "    TIME [INFO] agent: shutdown complete",
        "",
      ]);
    },
  );

  test.each(kinds)("of %s: a -join that reaches somebody, told before the log", async (kind) => {
    const seed = await sandbox.startAgent({ kind: "ours", name: "seed" });
    const agent = await sandbox.startAgent({ kind, name: "web", join: [seed], args: ["-replay"] });
    // What was logged before is printed a moment after that is announced.
    await waitFor(() => agent.log.includes("agent: joining:"), {
      what: "the log from the beginning",
      witnesses: [agent],
    });
    const lines = anonymous(agent);
    const at = lines.indexOf("==> Joining cluster...(replay: true)");
    expect(lines.slice(at, at + 4)).toEqual([
      "==> Joining cluster...(replay: true)",
      "    Join completed. Synced with 1 initial agents",
      "",
      "==> Log data will now stream in as it occurs:",
    ]);
    expect(lines.slice(at).join("\n")).toContain(`TIME [INFO] agent: joining: [${seed.address}] replay: true\n`);
  });

  test.each(kinds)("of %s: a -join that reaches nobody ends it with exit code 1 (detail 13)", async (kind) => {
    const agent = await sandbox.launchAgent({ kind, name: "web", args: ["-join=127.0.0.1:1"] });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toMatch(
      /\n==> Joining cluster\.\.\.\(replay: false\)\n==> 1 error occurred:\n\t\* Failed to join 127\.0\.0\.1: .*\n\n\n$/,
    );
  });

  test.each(kinds)("of %s: -retry-join that is given up ends it with exit code 1 (detail 13)", async (kind) => {
    const args = ["-retry-join=127.0.0.1:1", "-retry-max=1", "-retry-interval=10ms"];
    const agent = await sandbox.launchAgent({ kind, name: "web", args });
    expect(await agent.process.exited).toBe(1);
    expect(agent.log).toContain("==> Warning: 'RetryInterval' is too low. Setting to 1s\n");
    expect(agent.log).toMatch(/\[WARN\] agent: Join failed: 1 error occurred:\n\t\* .*\n\n, retrying in 1s\n/);
    expect(agent.log).toContain("[ERR] agent: maximum retry join attempts made, exiting\n");
  });
});

/**
 * An agent that was sent a signal as soon as it answered, and has caught it. HashiCorp's answers before it catches signals, and nothing that it says
 * tells when it does: one whom the signal took by surprise is started again, and given more time.
 */
async function startAndSignal(kind: Kind, signal: NodeJS.Signals, start: () => Promise<Agent>): Promise<Agent> {
  const attemptsMax = kind === "ours" ? 1 : 5;
  for (let attempt = 1; ; attempt++) {
    const agent = await start();
    await sleep((attempt - 1) * 200);
    agent.process.signal(signal);
    const isCaught = () => agent.log.includes("==> Caught signal:");
    const isOver = () => isCaught() || agent.process.exit !== undefined;
    await waitFor(isOver, { what: "the signal to tell", witnesses: [agent] });
    if (isCaught()) return agent;
    expect(attempt, agent.describe()).toBeLessThan(attemptsMax);
  }
}

describe("signals", () => {
  const sandbox = useSandbox();
  const stories: readonly (readonly [what: string, config: object, signals: NodeJS.Signals[], exit: number])[] = [
    ["SIGINT leaves", {}, ["SIGINT"], 0],
    ["SIGINT with skip_leave_on_interrupt does not", { skip_leave_on_interrupt: true }, ["SIGINT"], 1],
    ["SIGTERM does not leave", {}, ["SIGTERM"], 1],
    ["SIGTERM with leave_on_terminate does", { leave_on_terminate: true }, ["SIGTERM"], 0],
    ["a second SIGINT does not wait for the leave", {}, ["SIGINT", "SIGINT"], 1],
  ];
  const cases = stories.flatMap((story) => kinds.map((kind) => [kind, ...story] as const));

  test.each(cases)("%s: %s", async (kind, _, config, [first, second], exit) => {
    const path = await configFile(sandbox, config);
    const start = () => sandbox.startAgent({ kind, name: "web", args: [`-config-file=${path}`] });
    const agent = await startAndSignal(kind, first!, start);
    if (second !== undefined) {
      await logged(agent, "requesting graceful leave");
      agent.process.signal(second);
    }
    expect(await agent.process.exited).toBe(exit);
    expect(agent.log.includes("==> Gracefully shutting down agent...")).toBe(exit === 0 || second !== undefined);
    expect(agent.log).toMatch(/\[INFO\] agent: shutdown complete\n$/);
  });

  test.each(kinds)(
    "%s: SIGHUP takes over log level, handlers, tags and what signals mean (detail 14)",
    async (kind) => {
      const agent = await startAndSignal(kind, "SIGHUP", async () => {
        const path = await configFile(sandbox, { log_level: "info", tags: { version: "1" } });
        const started = await sandbox.startAgent({ kind, name: "web", args: [`-config-file=${path}`, "-log-level="] });
        const changed = {
          event_handlers: ["user=echo handled"],
          tags: { version: "2" },
          skip_leave_on_interrupt: true,
        };
        await writeFile(path, JSON.stringify(changed));
        return started;
      });
      await logged(agent, "==> Reloading configuration...");
      await waitFor(async () => (await agent.members())[0]?.tags["version"] === "2", { what: "the new tag" });
      agent.process.signal("SIGINT");
      expect(await agent.process.exited).toBe(1);
      expect(agent.log).toContain("==> Caught signal: hangup\n==> Reloading configuration...\n");
    },
  );

  test("a reload of a broken file says so, and the agent goes on as it was", async () => {
    const path = await configFile(sandbox, { tags: { version: "1" } });
    const agent = await sandbox.startAgent({ kind: "ours", name: "web", args: [`-config-file=${path}`] });
    await writeFile(path, "{");
    agent.process.signal("SIGHUP");
    await logged(agent, "==> Failed to reload configs\n");
    expect(agent.log).toContain(`==> Error decoding '${path}': not JSON at line 1, column 2: unexpected end\n`);
    expect((await agent.members())[0]?.tags).toEqual({ version: "1" });
    expect(await agent.leave()).toBe(0);
  });

  test("SIGHUP joins what was added to retry_join, and says what has to wait for a restart (accident 23)", async () => {
    const seed = await sandbox.startAgent({ kind: "ours", name: "seed" });
    const path = await configFile(sandbox, { retry_join: ["127.0.0.1:1"], retry_interval: "1h" });
    const agent = await sandbox.startAgent({ kind: "ours", name: "web", args: [`-config-file=${path}`] });
    await agent.command(["tags", "-set=at=runtime"]);
    await logged(agent, "[WARN] agent: Join failed:");
    await writeFile(path, JSON.stringify({ retry_join: [seed.address], label: "blue", rpc_auth: "secret" }));
    agent.process.signal("SIGHUP");
    await logged(agent, "==> Warning: changes of -label, rpc_auth count from the next start on\n");
    await waitFor(async () => (await agent.statusOf("seed")) === "alive", { what: "the seed to be joined" });
    expect((await agent.members()).find(({ name }) => name === "web")?.tags).toEqual({ at: "runtime" });
  });

  test("a script that still runs does not hold up the end", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "web", args: ["-event-handler=user=sleep 60"] });
    await agent.command(["event", "-coalesce=false", "go"]);
    await logged(agent, "[WARN] agent: Script 'sleep 60' slow, execution exceeding 1s");
    const asked = performance.now();
    expect(await agent.leave()).toBe(0);
    expect(performance.now() - asked).toBeLessThan(15_000);
  });
});

describe("the log", () => {
  const sandbox = useSandbox();

  test("that nobody reads any more ends the agent with exit code 1", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "web" });
    agent.process.stopReading();
    expect(await agent.process.exited).toBe(1);
  });

  test.skipIf(process.platform !== "linux")("that finds no room on the disk ends nobody", async () => {
    const [port, rpcPort] = [await sandbox.port(), await sandbox.port()];
    const rpcAddress = `${loopback}:${rpcPort}`;
    const args = ["agent", "-node=full", `-bind=${loopback}:${port}`, `-rpc-addr=${rpcAddress}`];
    const agent = startCommand("ours", args, {}, ontoFullDisk);
    onTestFinished(() => agent.kill());
    await waitFor(
      async () => expect((await serfCommand("ours", ["members", `-rpc-addr=${rpcAddress}`])).stdout).toContain("alive"),
      { what: "the agent to answer", witnesses: [agent] },
    );
    await waitFor(() => agent.stderr !== "", { what: "the agent to complain", witnesses: [agent] });
    expect(agent.stderr).toMatch(/^Error writing to standard output: ENOSPC: .*\n$/);
  });
});

describe("a command that asks an agent", () => {
  const sandbox = useSandbox();

  test("does not take what it is asked from files that happen to lie where it is run", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "by-a-file" });
    const folder = await sandbox.folder();
    await writeFile(join(folder, ".env"), `SERF_RPC_ADDR=${agent.rpcAddress}\n`);
    await writeFile(join(folder, "bunfig.toml"), "this is no TOML");
    const there = ["env", "-u", "SERF_RPC_ADDR", "-C", folder];
    const { stdout, stderr } = await serfCommand("ours", ["members"], {}, there);
    expect(stdout).not.toContain("by-a-file");
    expect(stderr).toBe("");
  });

  test.skipIf(process.platform !== "linux")("says so where its output cannot be written", async () => {
    const { code, stderr } = await serfCommand("ours", ["version"], {}, ontoFullDisk);
    expect(stderr).toMatch(/^Error writing to standard output: ENOSPC: .*\n$/);
    expect(code).toBe(1);
  });
});

describe("a mistake is one line that says what and where, with exit code 1", () => {
  const sandbox = useSandbox();

  test.each<[args: string[], line: string | RegExp]>([
    [["-nod=x"], "flag provided but not defined: -nod"],
    [["-protocol=6"], 'invalid value "6" for flag -protocol: must be an integer from 2 to 5, is 6'],
    [["-retry-interval=5"], 'invalid value "5" for flag -retry-interval: time: missing unit in duration "5"'],
    [["-tag=x"], 'invalid value "x" for flag -tag: must be key=value, is "x"'],
    [["-event-handler=usr=x"], "==> Invalid event script: Event 'usr' invoking 'x'"],
    [
      ["-config-file=/nowhere.json"],
      "==> Error reading '/nowhere.json': open /nowhere.json: no such file or directory",
    ],
    [["-bind=127.0.0.1:70000"], '==> Invalid bind address: "70000" is not a port, which is a number from 0 to 65535'],
    [["-bind=no.such.invalid"], "==> Invalid bind address: lookup no.such.invalid: no such host"],
    [
      ["-rpc-addr=127.0.0.1"],
      "==> Error starting RPC listener: listen tcp: address 127.0.0.1: missing port in address",
    ],
    [["-bind=192.0.2.1:7946"], /^==> Failed to start the Serf agent: cannot listen for TCP on 192\.0\.2\.1:7946/],
  ])("%j", async (args, line) => {
    const agent = await sandbox.launchAgent({ kind: "ours", name: "web", args });
    expect(await agent.process.exited).toBe(1);
    const lines = agent.log.split("\n").filter((given) => given !== "==> Starting Serf agent...");
    expect(lines.filter((given) => (typeof line === "string" ? given === line : line.test(given)))).toHaveLength(1);
    expect(agent.log).not.toContain("Serf agent running!");
    expect(agent.log).not.toMatch(/^\s+at /m);
  });

  test.each(["bind", "rpc-addr"])("the port of -%s in use", async (flag) => {
    const port = await sandbox.port();
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(port, loopback, resolve));
    const agent = await sandbox.launchAgent({ kind: "ours", name: "web", args: [`-${flag}=${loopback}:${port}`] });
    expect(await agent.process.exited).toBe(1);
    holder.close();
    expect(agent.log).toMatch(new RegExp(`^==> Starting Serf agent\\.\\.\\.\n==> .*${loopback}:${port}.*in use.*\n$`));
  });
});

async function configFile(sandbox: Sandbox, config: object): Promise<string> {
  const path = join(await sandbox.folder(), "agent.json");
  await writeFile(path, JSON.stringify(config));
  return path;
}

function logged(agent: Agent, text: string): Promise<unknown> {
  return waitFor(() => agent.log.includes(text), { what: `"${text}"`, witnesses: [agent], intervalMs: 10 });
}

/** Its output without what differs from run to run, and without what only one of the two kinds tells at DEBUG. */
function anonymous(agent: Agent): string[] {
  return agent.log
    .replaceAll(agent.address, "BIND")
    .replaceAll(agent.rpcAddress, "RPC")
    .replace(/\d{4}\/\d\d\/\d\d \d\d:\d\d:\d\d/g, "TIME")
    .split("\n")
    .filter((line) => !line.includes("[DEBUG]"));
}
