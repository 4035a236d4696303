/** The plugin haproxy beside a real agent, as operators install it: two instances, and the members of a cluster of ours and HashiCorp's. */

import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { PluginInstanceView } from "../../src/client/index.ts";
import type { Agent } from "../support/agent.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { type CommandResult, serfCommand } from "../support/serf-command.ts";
import { waitFor } from "../support/wait-for.ts";
import { ask, Load, WebServer } from "../support/web.ts";

describe.skipIf(requirePeer("haproxy") === undefined)("the plugin haproxy of an agent", () => {
  const sandbox = useSandbox();
  const webs: WebServer[] = [];
  afterAll(async () => {
    for (const web of webs) await web.close();
  });

  async function startWeb(name: string): Promise<WebServer> {
    const web = await WebServer.start(name);
    webs.push(web);
    return web;
  }

  test("follows joins, tags, leaves and deaths in two pools, and keeps what works when options are refused", async () => {
    const folder = join(await sandbox.folder(), "p");
    const lb = await sandbox.startAgent({ kind: "ours", name: "lb", args: [`-plugin-dir=${folder}`] });
    const plugin = (...args: string[]): Promise<CommandResult> =>
      serfCommand("ours", ["plugin", `-rpc-addr=${lb.rpcAddress}`, ...args]);
    const ports = { web: await sandbox.port(), api: await sandbox.port() };
    for (const role of ["web", "api"] as const) {
      const options = [`bind=127.0.0.1:${ports[role]}`, `tag=role=${role}`];
      expect(await plugin("install", "haproxy", "-as", role, ...options)).toMatchObject({ code: 0 });
    }
    const servers = async (instance: string): Promise<string[]> => {
      const { stdout } = await plugin(instance, "servers");
      return [...stdout.matchAll(new RegExp(`^\\d+ ${instance} \\d+ (\\S+)`, "gm"))].map(([, name]) => name!).sort();
    };
    const shows = (instance: string, ...expected: string[]): Promise<unknown> =>
      waitFor(async () => void expect(await servers(instance)).toEqual(expected), {
        what: `${instance} to have ${expected.join(", ")}`,
        deadlineMs: 60_000,
        witnesses: [lb],
      });
    const startNode = async (name: string, role: string, kind: "ours" | "debian" = "ours"): Promise<Agent> => {
      const args = [`-tag=role=${role}`, `-tag=port=${(await startWeb(name)).port}`];
      return sandbox.startAgent({ kind, name, args, join: [lb] });
    };

    const one = await startNode("web1", "web");
    const two = await startNode("web2", "web", requirePeer("serf") === undefined ? "ours" : "debian");
    const api = await startNode("api1", "api");
    await shows("web", "web1", "web2");
    await shows("api", "api1");
    expect(await ask(ports.api)).toBe("api1");
    const load = new Load(ports.web, 4);

    const tags = ["tags", `-rpc-addr=${api.rpcAddress}`, "-set", "role=web"];
    expect(await serfCommand("ours", tags)).toMatchObject({ code: 0 });
    await shows("web", "api1", "web1", "web2");
    await shows("api");
    expect(await one.leave()).toBe(0);
    await shows("web", "api1", "web2");
    expect(load.failures).toEqual([]);
    // Its service goes on: only the agent is gone.
    two.process.signal("SIGKILL");
    await shows("web", "api1");
    await load.stop();
    expect(load.failures).toEqual([]);

    const refused = await plugin("configure", "web", "server_options=chek");
    expect(refused.code).toBe(1);
    expect(refused.stdout + refused.stderr).toContain("unknown keyword 'chek'");
    await waitFor(async () => (await ask(ports.web)) === "api1", { what: "the old options", witnesses: [lb] });
    const { stdout } = await plugin("list", "-format=json");
    const states = (JSON.parse(stdout) as { plugins: PluginInstanceView[] }).plugins;
    expect(states.map(({ instance, state }) => `${instance} ${state}`)).toEqual([
      "api running",
      "template running",
      "web running",
    ]);
    expect((await readdir(join(folder, "data"))).sort()).toEqual(["api", "web"]);
    expect(await lb.leave()).toBe(0);
    await expect(ask(ports.web)).rejects.toThrow("ECONNREFUSED");
  });
});
