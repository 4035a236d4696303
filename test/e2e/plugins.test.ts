/** Plugins beside a real agent, each in a real thread: what they do wrong, and what operators do with them. */

import { execFile } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { cp, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { connectSerf, type PluginInstanceView } from "../../src/client/index.ts";
import { builtInPlugins } from "../../src/plugins/built-in.ts";
import type { Agent } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { type Sandbox, useSandbox } from "../support/sandbox.ts";
import { isStandalone, serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";

const fixtures = fileURLToPath(new URL("../fixtures/plugins/", import.meta.url));

describe("a plugin that misbehaves", () => {
  const sandbox = useSandbox();

  test("is reported and started again, leaves no process behind, and the agent answers meanwhile", async () => {
    const { agent } = await startAgent(sandbox);
    const how = ["throw", "reject", "exit", "hunger", "block", "flood"];
    for (const one of how)
      await plugin(agent, "install", join(fixtures, "misbehaves"), "-as", one, `how=${one}`).then(expectSuccess);
    const children = (await list(agent)).map(({ status }) => Number(status.replace("child ", "")));
    expect(children.every(isAlive)).toBe(true);

    const client = await connectSerf({ address: agent.rpcAddress });
    for (const one of how.slice(0, 4)) await client.userEvent(one, "", { coalesce: false });
    const reasons: Record<string, string> = {};
    const latenciesMs: number[] = [];
    await waitFor(
      async () => {
        const askedMs = performance.now();
        expect(await client.members()).toHaveLength(1);
        latenciesMs.push(performance.now() - askedMs);
        for (const { instance, state, problem, restarts } of (await client.plugin("list", {})).plugins) {
          if (state === "failed") reasons[instance] = problem;
          if (restarts > 0) reasons[instance] ??= "";
        }
        // These two occupy both of a small machine's cores, and would starve the others.
        if (reasons["hunger"] !== undefined)
          for (const one of how.splice(4)) await client.userEvent(one, "", { coalesce: false });
        expect(Object.keys(reasons).sort()).toEqual(["block", "exit", "hunger", "reject", "throw"]);
      },
      { what: "all of them to fail", deadlineMs: 60_000, intervalMs: 20, witnesses: [agent] },
    );
    expect(reasons).toEqual({
      block: "it blocks its thread: no answer for 10 s",
      exit: "it ended its thread by process.exit(3)",
      // Threads of the standalone executable have no limit of memory: while it eats it does not answer.
      hunger: isStandalone ? "it blocks its thread: no answer for 10 s" : "it takes more than 256 MiB of memory",
      reject: "rejected on purpose",
      throw: "thrown on purpose",
    });
    latenciesMs.sort((a, b) => a - b);
    expect(latenciesMs[Math.floor(latenciesMs.length / 2)]).toBeLessThan(100);
    const failing = new Set(Object.keys(reasons));
    const views = await list(agent);
    for (const [i, { instance }] of views.entries())
      expect([instance, isAlive(children[i]!)]).toEqual([instance, !failing.has(instance)]);

    const recovered = async () => {
      for (const { instance, state, restarts } of await list(agent))
        expect([instance, state, restarts > 0]).toEqual([instance, "running", failing.has(instance)]);
    };
    await waitFor(recovered, { what: "all of them to run again", witnesses: [agent] });
    const { lines } = await client.plugin("logs", { name: "flood" });
    expect(lines.join("\n")).toMatch(/\d+ lines of the last second are left out/);
    expect(agent.log.split("\n").filter((line) => line.includes("plugin.flood: flood")).length).toBeLessThan(10_000);
    client.close();
    const left = (await list(agent)).map(({ status }) => Number(status.replace("child ", ""))).filter(Number.isInteger);
    expect(await agent.leave()).toBe(0);
    expect(left.filter(isAlive)).toEqual([]);
  });

  test("at its start is not installed", async () => {
    const { agent, folder } = await startAgent(sandbox);
    const { code, stdout } = await plugin(agent, "install", join(fixtures, "misbehaves"), "start=throws");
    expect([code, stdout]).toEqual([1, "Error: it does not start: no start on purpose\n"]);
    expect(await list(agent)).toEqual([]);
    expect(existsSync(join(folder, "misbehaves.json"))).toBe(false);
  });
});

describe("serf plugin", () => {
  const sandbox = useSandbox();

  test("installs, explains, changes and removes, over restarts of the agent", async () => {
    const { agent, folder, place } = await startAgent(sandbox);
    const counter = join(fixtures, "counter");
    expectSuccess(await plugin(agent, "install", counter, "step=2", "token=hush"));
    expectSuccess(await plugin(agent, "install", counter, "-as", "slow"));
    expect((await plugin(agent, "counter", "add", "--", "-x")).stdout).toBe(
      '{\n  "count": 2,\n  "words": [\n    "-x"\n  ]\n}\n',
    );
    expect((await plugin(agent, "slow", "add")).stdout).toContain('"count": 1');
    expectSuccess(await plugin(agent, "configure", "slow", "step=5"));
    expectSuccess(await plugin(agent, "disable", "slow"));
    expect((await plugin(agent, "slow", "add")).stdout).toBe("Error: slow does not run: disabled\n");
    const file = join(folder, "counter.json");
    expect(JSON.parse(await readFile(file, "utf8"))).toEqual({
      plugin: "counter",
      folder: counter,
      enabled: true,
      options: { step: 2, token: "hush" },
    });
    expect((await stat(file)).mode & 0o777).toBe(0o600);
    expect(await agent.leave()).toBe(0);
    expect(agent.log).toContain("plugin.counter: stops");

    await writeFile(join(folder, "broken.json"), "{");
    const again = await sandbox.startAgent({ kind: "ours", name: "a", place, args: [`-plugin-dir=${folder}`] });
    await waitFor(async () => (await list(again)).some(({ state }) => state === "running"), { what: "it to run" });
    expect(
      (await list(again)).map(({ instance, state, status, problem }) => [instance, state, status, problem]),
    ).toEqual([
      ["broken", "failed", "", expect.stringContaining(`${join(folder, "broken.json")}: not JSON`)],
      ["counter", "running", "at 2", ""],
      ["slow", "disabled", "", ""],
    ]);
    const info = await plugin(again, "info", "counter");
    expect(info.stdout).toContain("counter is running: at 2");
    expect(info.stdout).toContain("step = 2\n");
    expect(info.stdout).toContain("token = (set)\n");
    for (const output of [info.stdout, (await plugin(again, "info", "counter", "-format=json")).stdout, again.log])
      expect(output).not.toContain("hush");
    expectSuccess(await plugin(again, "remove", "broken"));
    expectSuccess(await plugin(again, "enable", "slow"));
    expectSuccess(await plugin(again, "remove", "counter"));
    expect((await list(again)).map(({ instance, status }) => [instance, status])).toEqual([["slow", "at 1"]]);
    expect((await again.command(["info"], "ours")).stdout).toContain("plugins:\n\tslow = running: at 1\n");
    expect(existsSync(file)).toBe(false);
  });

  test.each([
    [["configure", "counter", "stp=2"], 'unknown option "stp", did you mean "step"?'],
    [["configure", "counter", "step=0"], "step: must be an integer from 1 to 100, is 0"],
    [["configure", "counter", "step=99"], "a step above 50 needs a token"],
    [["configure", "counter", "step"], '"step" is not key=value'],
    [["install", "countr"], 'there is no plugin "countr", did you mean "counter"?'],
    [["install", "/nowhere"], "there is no /nowhere"],
    [["install", join(fixtures, "counter")], "counter is installed already; another instance needs -as NAME"],
    [
      ["install", join(fixtures, "counter"), "-as", "A"],
      '"A" is no name: 1 to 32 lower-case letters, digits and dashes',
    ],
    [["counter", "ad"], 'counter has no action "ad"'],
    [["info", "nothing"], 'there is no plugin "nothing"'],
  ])("refuses %j, and nothing changes", async (args, problem) => {
    const { agent } = await sharedCounter(sandbox);
    const { code, stdout } = await plugin(agent, ...args);
    expect([code, stdout]).toEqual([1, expect.stringContaining(`Error: ${problem}`)]);
    expect((await list(agent)).map(({ instance, state, restarts }) => [instance, state, restarts])).toEqual([
      ["counter", "running", 0],
    ]);
  });

  test("explains each plugin of the box before it is installed, also one with an option that has no default", async () => {
    const { agent } = await sharedCounter(sandbox);
    for (const name of Object.keys(builtInPlugins)) {
      const { code, stdout } = await plugin(agent, "info", name);
      expect([code, stdout]).toEqual([0, expect.stringMatching(new RegExp(`^${name}: .*\\n\\nNot installed`))]);
    }
  });

  test("puts the old options back where a plugin does not start with the new ones", async () => {
    const { agent, folder } = await startAgent(sandbox);
    expectSuccess(await plugin(agent, "install", join(fixtures, "misbehaves")));
    const { code, stdout } = await plugin(agent, "configure", "misbehaves", "start=throws");
    expect([code, stdout]).toEqual([1, "Error: it does not start so: no start on purpose; it runs as before again\n"]);
    expect(await list(agent)).toMatchObject([{ instance: "misbehaves", state: "running" }]);
    expect(readFileSync(join(folder, "misbehaves.json"), "utf8")).not.toContain("throws");
    // An agent that is killed leaves the programs of its plugins behind; one that leaves does not.
    expect(await agent.leave()).toBe(0);
  });

  test("starts what others build on before them, and stops it after them", async () => {
    const { agent } = await startAgent(sandbox);
    expect((await plugin(agent, "install", join(fixtures, "doubler"))).stdout).toBe(
      "Error: doubler builds on counter: install that first\n",
    );
    expectSuccess(await plugin(agent, "install", join(fixtures, "counter")));
    expectSuccess(await plugin(agent, "install", join(fixtures, "doubler")));
    expect((await plugin(agent, "doubler", "double")).stdout).toBe("now 2\n");
    expect((await plugin(agent, "disable", "counter")).stdout).toBe(
      "Error: doubler builds on counter: disable or remove that first\n",
    );
    expectSuccess(await plugin(agent, "configure", "counter", "step=10"));
    await waitFor(async () => (await plugin(agent, "doubler", "double")).stdout === "now 22\n", {
      what: "both to run",
    });
    await plugin(agent, "counter", "fail");
    const recovered = async () =>
      expect((await list(agent)).map(({ instance, state, restarts }) => [instance, state, restarts])).toEqual([
        ["counter", "running", 1],
        ["doubler", "running", 0],
      ]);
    await waitFor(recovered, { what: "both to run again", witnesses: [agent] });
    expect((await plugin(agent, "doubler", "double")).stdout).toBe("now 42\n");
    const logged = agent.log.length;
    expect(await agent.leave()).toBe(0);
    const stops = agent.log.slice(logged).match(/plugin\.\w+: stops/g);
    expect(stops).toEqual(["plugin.doubler: stops", "plugin.counter: stops"]);
  });

  test("installs a package, and removes it with the last instance", async () => {
    const { agent, folder } = await startAgent(sandbox);
    const source = join(await sandbox.folder(), "package");
    await cp(join(fixtures, "counter"), source, { recursive: true });
    const manifest = { name: "serf-ts-plugin-counter", version: "1.2.3", type: "module", exports: "./index.mjs" };
    await writeFile(join(source, "package.json"), JSON.stringify(manifest));
    const { stdout } = await promisify(execFile)("npm", ["pack", "--silent"], { cwd: source });
    const tarball = join(source, stdout.trim());
    expectSuccess(await plugin(agent, "install", tarball, "step=3"));
    expect((await plugin(agent, "counter", "add")).stdout).toContain('"count": 3');
    const installed = join(folder, "packages/node_modules/serf-ts-plugin-counter");
    expect(existsSync(installed)).toBe(true);
    expect(await list(agent)).toMatchObject([{ instance: "counter", from: "serf-ts-plugin-counter" }]);
    expectSuccess(await plugin(agent, "remove", "counter"));
    expect(existsSync(installed)).toBe(false);
  });

  test("follows the files on SIGHUP", async () => {
    const { agent, folder } = await startAgent(sandbox);
    expectSuccess(await plugin(agent, "install", join(fixtures, "counter")));
    const file = join(folder, "counter.json");
    const config = JSON.parse(await readFile(file, "utf8"));
    await writeFile(join(folder, "other.json"), JSON.stringify({ ...config, options: { step: 7 } }));
    await writeFile(file, JSON.stringify({ ...config, options: { step: 0 } }));
    agent.process.signal("SIGHUP");
    const reloaded = async () =>
      expect((await list(agent)).map(({ instance, state, problem }) => [instance, state, problem])).toEqual([
        ["counter", "running", expect.stringContaining("step: must be an integer from 1 to 100, is 0")],
        ["other", "running", ""],
      ]);
    await waitFor(reloaded, { what: "the files to be followed", witnesses: [agent] });
    expect((await plugin(agent, "other", "add")).stdout).toContain('"count": 7');
  });

  test("says where plugins are not kept", async () => {
    const agent = await sandbox.startAgent({ kind: "ours", name: "a" });
    const { stdout } = await plugin(agent, "install", join(fixtures, "doubler").replace("doubler", "misbehaves"));
    expect(stdout).toContain(
      "Note: kept in memory only: this agent has no plugin directory; start it with -plugin-dir",
    );
    expect(await agent.leave()).toBe(0);
  });

  test("follows a log until Ctrl-C", async () => {
    const { agent } = await sharedCounter(sandbox);
    const follower = sandbox.startCommand("ours", [
      "plugin",
      `-rpc-addr=${agent.rpcAddress}`,
      "logs",
      "counter",
      "-follow",
    ]);
    await waitFor(() => follower.stdout.includes("[INFO] begins at"), { what: "the lines so far" });
    follower.signal("SIGINT");
    expect(await follower.exited).toBe(0);
  });

  test.skipIf(requirePeer("serf") === undefined)("says that HashiCorp's agent has none", async () => {
    const agent = await sandbox.startAgent({ kind: "debian", name: "a" });
    const { code, stdout } = await plugin(agent, "list");
    expect([code, stdout]).toEqual([1, "Error: this agent has no plugins: it is none of serf-ts\n"]);
  });
});

async function startAgent(sandbox: Sandbox) {
  const folder = join(await sandbox.folder(), "plugins");
  const agent = await sandbox.startAgent({ kind: "ours", name: "a", args: [`-plugin-dir=${folder}`] });
  return { agent, folder, place: agent.place };
}

let shared: Promise<{ readonly agent: Agent }> | undefined;

/** One agent with a counter, for the tests that change nothing. */
function sharedCounter(sandbox: Sandbox): Promise<{ readonly agent: Agent }> {
  shared ??= startAgent(sandbox).then(async ({ agent }) => {
    expectSuccess(await plugin(agent, "install", join(fixtures, "counter")));
    return { agent };
  });
  return shared;
}

function plugin(agent: Agent, ...args: string[]) {
  return serfCommand("ours", ["plugin", `-rpc-addr=${agent.rpcAddress}`, ...args]);
}

async function list(agent: Agent): Promise<readonly PluginInstanceView[]> {
  const { stdout } = await plugin(agent, "list", "-format=json");
  return (JSON.parse(stdout) as { plugins: PluginInstanceView[] }).plugins;
}

function expectSuccess({ code, stdout, stderr }: { code: number | string; stdout: string; stderr: string }): void {
  expect([code, `${stdout}${stderr}`]).toEqual([0, expect.anything()]);
}

function isAlive(pid: number): boolean {
  if (!existsSync(`/proc/${pid}/stat`)) return false;
  const state = readFileSync(`/proc/${pid}/stat`, "utf8");
  return state.slice(state.lastIndexOf(")") + 2)[0] !== "Z";
}
