/** The plugin haproxy with a real HAProxy, on a bench: what becomes of its servers, its file and its clients' requests. */

import { type ChildProcess, spawn } from "node:child_process";
import { readFile, stat as statOf, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { plugin as haproxy } from "../../src/plugins/haproxy/index.ts";
import { askSocket, readProcesses, readServersState } from "../../src/plugins/haproxy/runtime-socket.ts";
import { type BenchMember, createPluginBench, type PluginBench } from "../../src/plugins/index.ts";
import { plugin as template } from "../../src/plugins/template/index.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";
import { ask, Load, WebServer } from "../support/web.ts";

const program = requirePeer("haproxy");

describe.skipIf(program === undefined)("the plugin haproxy", () => {
  const sandbox = useSandbox();
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function startBench(
    fileOptions: Readonly<Record<string, unknown>>,
    members: readonly BenchMember[] = [],
    self = "lb",
  ): Promise<Balanced> {
    const templates = await createPluginBench(template, { members, self }).start();
    cleanups.push(() => templates.stop());
    const port = await sandbox.port();
    const bench = createPluginBench(haproxy, {
      fileOptions: { bind: [`127.0.0.1:${port}`], tag: "role=web", quiet: "20ms", ...fileOptions },
      instance: "web",
      time: "real",
      members,
      self,
      uses: { template: { render: (given: unknown) => templates.call("render", given) } },
    });
    cleanups.push(() => bench.stop());
    await bench.start();
    return new Balanced(bench, port);
  }

  async function startWeb(
    name: string,
    tags: Readonly<Record<string, string>> = {},
  ): Promise<[WebServer, BenchMember]> {
    const web = await WebServer.start(name);
    cleanups.push(() => web.close());
    return [web, { name, address: "127.0.0.1", tags: { role: "web", port: String(web.port), ...tags } }];
  }

  test("follows members by its socket, without a reload and without a failed request", async () => {
    const [[, one], [, two], [, three]] = [await startWeb("web1"), await startWeb("web2"), await startWeb("web3")];
    const balanced = await startBench({}, [one, { name: "db1", tags: { role: "db" } }]);
    expect(await balanced.servers()).toEqual(["web1 1"]);
    expect(balanced.bench.status).toBe("1 server in 1 pool");
    const load = new Load(balanced.port);

    balanced.bench.setMember(two);
    balanced.bench.setMember({ ...three, tags: { ...three.tags, weight: "40" } });
    await balanced.expectServers("web1 1", "web2 1", "web3 40");
    await waitFor(() => (load.answers["web3"] ?? 0) > 50, { what: "answers of the third" });
    balanced.bench.setMember({ ...two, status: "leaving" });
    balanced.bench.setMember({ ...two, status: "left" });
    await balanced.expectServers("web1 1", "web3 40");
    balanced.bench.setMember({ ...three, tags: { ...three.tags, weight: "7" } });
    await balanced.expectServers("web1 1", "web3 7");
    balanced.bench.setMember({ ...three, status: "failed" });
    await balanced.expectServers("web1 1");
    balanced.bench.setMember({ ...two, status: "alive" });
    await balanced.expectServers("web1 1", "web2 1");
    const [moved, four] = await startWeb("web1");
    balanced.bench.setMember(four);
    await waitFor(() => moved.requests > 0, { what: "requests at the new port" });

    await waitFor(() => load.count > 1_500, { what: "1,500 requests" });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await balanced.reloads()).toBe(0);
    expect(balanced.bench.problem).toBeUndefined();
    // The file has them as well: a restart comes up with the same.
    expect(await balanced.fileServers()).toEqual([`web1 127.0.0.1:${moved.port}`, expect.stringMatching(/^web2 /)]);
  });

  test("drains a member that leaves: what it has begun it ends, and then it is gone", async () => {
    const [[web1, one], [, two]] = [await startWeb("web1"), await startWeb("web2")];
    // At once: it is not waited for quiet, nor for the file.
    const balanced = await startBench({ drain: "30s", quiet: "30s", wait_max: "60s" }, [one, two]);
    const slow = ask(balanced.port, "/slow");
    await waitFor(() => web1.heldCount === 1, { what: "the slow request to arrive" });

    balanced.bench.setMember({ ...one, status: "leaving" });
    await waitFor(async () => (await balanced.held()).includes("web1"), { what: "web1 to be drained" });
    balanced.bench.setMember({ ...one, status: "left" });
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(balanced.port)));
    expect(new Set(answers)).toEqual(new Set(["web2"]));
    expect(await balanced.held()).toEqual(["web1"]);
    web1.release();
    expect(await slow).toBe("web1");
    await balanced.expectServers("web2 1");
    expect(await balanced.reloads()).toBe(0);
  });

  test("closes what outlasts the time to drain", async () => {
    const [[web1, one], [, two]] = [await startWeb("web1"), await startWeb("web2")];
    const balanced = await startBench({ drain: "500ms" }, [one, two]);
    const slow = ask(balanced.port, "/slow").catch(String);
    await waitFor(() => web1.heldCount === 1, { what: "the slow request to arrive" });
    balanced.bench.setMember({ ...one, status: "leaving" });
    await balanced.expectServers("web2 1");
    expect(await slow).toMatch(/status 50\d|hang up/);
  });

  test("reloads under load without a failed request when more than servers changes", async () => {
    const [[, one], [, two]] = [await startWeb("web1"), await startWeb("web2")];
    const path = join(await sandbox.folder(), "own.hbs");
    const builtIn = String(await (await startBench({}, [one])).bench.action("template"));
    await writeFile(path, builtIn);
    const balanced = await startBench({ template: path }, [one, two]);
    const load = new Load(balanced.port);
    for (let reload = 1; reload <= 5; reload++) {
      await writeFile(path, builtIn.replace("retries 3", `retries ${3 + reload}`));
      // It is read when members change; these are no servers.
      balanced.bench.setMember({ name: `db${reload}` });
      await waitFor(async () => (await balanced.reloads()) === reload, { what: `reload ${reload}` });
    }
    await waitFor(() => load.count > 2_000, { what: "2,000 requests" });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(await balanced.reloads()).toBe(5);
  });

  test("says in HAProxy's words what it refuses, keeps the file that works, and takes the next that does", async () => {
    const [, one] = await startWeb("web1");
    const refused = startBench({ server_options: "chek" }, [one]);
    await expect(refused).rejects.toThrow(/refuses the new configuration: .*unknown keyword 'chek'/);

    const path = join(await sandbox.folder(), "own.hbs");
    const balanced = await startBench({}, [one]);
    const builtIn = String(await balanced.bench.action("template"));
    await writeFile(path, builtIn);
    const own = await startBench({ template: path }, [one]);
    const before = await own.file();
    await writeFile(path, builtIn.replace("retries", "retires"));
    own.bench.setMember({ name: "web2", tags: { role: "web" } });
    await waitFor(() => own.bench.problem?.includes("unknown keyword 'retires'") === true, { what: "the problem" });
    expect(await own.file()).toBe(before);
    expect(await ask(own.port)).toBe("web1");
    await writeFile(path, builtIn);
    await own.expectServers("web1 1", "web2 1");
    expect(own.bench.problem).toBeUndefined();
  });

  test("starts HAProxy again when it was killed", async () => {
    const [, one] = await startWeb("web1");
    const balanced = await startBench({}, [one]);
    const { pid } = await balanced.master();
    process.kill(pid, "SIGKILL");
    await waitFor(async () => (await balanced.master()).pid !== pid, { what: "another HAProxy" });
    await waitFor(async () => (await ask(balanced.port)) === "web1", { what: "an answer" });
    const worker = (await balanced.master()).workers[0]!;
    process.kill(worker, "SIGKILL");
    await waitFor(async () => !(await balanced.master()).workers.includes(worker), { what: "another worker" });
    await waitFor(async () => (await ask(balanced.port)) === "web1", { what: "an answer" });
    await waitFor(() => balanced.bench.problem === undefined, { what: "no problem" });
  });

  test("changes nothing where nothing changes", async () => {
    const [, one] = await startWeb("web1");
    const balanced = await startBench({}, [one]);
    const before = await statOf(await balanced.path());
    balanced.bench.setMember({ ...one, status: "leaving" });
    balanced.bench.setMember({ ...one, status: "alive" });
    balanced.bench.setMember({ name: "db1" });
    balanced.bench.setMember(one);
    await balanced.expectServers("web1 1");
    await waitFor(async () => (await balanced.held()).length === 0, { what: "web1 to be back" });
    const after = await statOf(await balanced.path());
    expect([after.mtimeMs, after.ino]).toEqual([before.mtimeMs, before.ino]);
    expect(await balanced.reloads()).toBe(0);
  });

  test("lets no name and no tag of a member into the file", async () => {
    const [, one] = await startWeb("web1");
    const hostile: BenchMember[] = [
      { name: "x 127.0.0.1:1\n    server evil", tags: { role: "web", port: "81" } },
      { name: "port", tags: { role: "web", port: "80 disabled" } },
      { name: "weight", tags: { role: "web", weight: "1\n  server evil 10.0.0.9:80" } },
      { name: "; shutdown sessions server", tags: { role: "web" } },
      { name: "ipv6", address: "fd00::1", tags: { role: "web" } },
    ];
    const balanced = await startBench({}, [one]);
    for (const member of hostile) balanced.bench.setMember(member);
    const names = await waitFor(
      async () => {
        const servers = await balanced.servers();
        return servers.length === 5 && servers;
      },
      { what: "the servers" },
    );
    expect(names).toEqual([
      expect.stringMatching(/^__shutdown_sessions_server-[0-9a-f]{12} 1$/),
      "ipv6 1",
      "web1 1",
      "weight 1",
      expect.stringMatching(/^x_127.0.0.1:1_____server_evil-[0-9a-f]{12} 1$/),
    ]);
    expect(await balanced.fileServers()).toContain("ipv6 [fd00::1]:80");
    expect(await balanced.file()).not.toMatch(/^\s*server evil/m);
    await waitFor(() => balanced.bench.problem?.includes("port is left out: its tag port is no port") === true, {
      what: "the problem",
    });
    expect(balanced.bench.problem).toContain("weight counts 1: its tag weight is no weight from 0 to 256");
  });

  test("serves several pools and a page of statistics", async () => {
    const [[, one], [, two]] = [await startWeb("web1"), await startWeb("api1", { role: "api" })];
    const [web, api, stats] = [await sandbox.port(), await sandbox.port(), await sandbox.port()];
    const pools = [
      { name: "web", tag: "role=web", bind: [`127.0.0.1:${web}`] },
      { name: "api", tag: "role=api", bind: [`127.0.0.1:${api}`], mode: "tcp", balance: "leastconn" },
    ];
    const several = await startBench(
      { bind: [], tag: "", pools, stats: `127.0.0.1:${stats}`, stats_path: "/stats", stats_auth: "serf:geheim" },
      [one, two],
    );
    expect(several.bench.status).toBe("2 servers in 2 pools");
    expect([await ask(web), await ask(api)]).toEqual(["web1", "api1"]);
    await expect(ask(stats, "/stats;csv")).rejects.toThrow("status 401");
    const csv = await ask(stats, "/stats;csv", "127.0.0.1", "serf:geheim");
    expect(await several.file()).toContain("geheim");
    expect(await several.bench.action("render")).not.toContain("geheim");
    expect((await statOf(await several.path())).mode & 0o777).toBe(0o600);
    expect(csv).toMatch(/^web,web1,/m);
    expect(csv).toMatch(/^api,api1,/m);
  });

  test("keeps the file of an HAProxy that runs already, with its socket and without", async () => {
    const [[, one], [, two]] = [await startWeb("web1"), await startWeb("web2")];
    for (const hasSocket of [true, false]) {
      const folder = await sandbox.folder();
      const [config, base, pidFile] = [join(folder, "pools.cfg"), join(folder, "base.cfg"), join(folder, "pid")];
      const [socket, master] = [join(folder, "admin.sock"), join(folder, "master.sock")];
      const stats = hasSocket ? `stats socket ${socket} level admin expose-fd listeners\n` : "";
      await writeFile(base, `global\n${stats}defaults\ntimeout connect 5s\ntimeout client 9s\ntimeout server 9s\n`);
      await writeFile(config, "");
      const service = spawn(program!, ["-W", "-S", master, "-p", pidFile, "-f", base, "-f", config]);
      cleanups.push(() => end(service));
      await waitFor(async () => readProcesses(await askSocket(master, "show proc")) !== undefined, { what: "HAProxy" });
      const how = hasSocket ? { socket, master_socket: master } : { pid_file: pidFile };
      const balanced = await startBench({ run: "service", config, base_config: [base], ...how }, [one]);
      await waitFor(async () => (await ask(balanced.port)) === "web1", { what: "an answer of web1" });
      balanced.bench.setMember(two);
      await waitFor(async () => (await ask(balanced.port)) === "web2", { what: "an answer of web2" });
      const state = readProcesses(await askSocket(master, "show proc"));
      expect(state).toMatchObject({ pid: service.pid, reloads: hasSocket ? 1 : 2, failed: 0 });
      await balanced.bench.stop();
      expect(await ask(balanced.port)).toMatch(/^web/);
    }
  });

  test("takes the ports over from an HAProxy that outlived its agent", async () => {
    const [, one] = await startWeb("web1");
    const balanced = await startBench({}, [one]);
    const path = await balanced.path();
    const folder = join(path, "..");
    const { pid, workers } = await balanced.master();
    // As if the agent had been killed: another HAProxy with the same file and sockets.
    const orphan = spawn(program!, ["-W", "-S", `${folder}/master.sock,mode,600`, "-f", path]);
    cleanups.push(() => end(orphan));
    await waitFor(async () => (await balanced.master()).pid === orphan.pid, { what: "the orphan" });
    const exit = new Promise((resolve) => orphan.once("exit", resolve));
    await waitFor(async () => (await balanced.master()).workers.length === 1, { what: "its worker" });
    process.kill(pid, "SIGKILL");
    await waitFor(() => !isAlive(workers[0]!), { what: "the first HAProxy's end", intervalMs: 10 });
    const load = new Load(balanced.port);
    await exit;
    await waitFor(async () => (await balanced.master()).pid !== orphan.pid, { what: "the new HAProxy" });
    const { count } = load;
    await waitFor(() => load.count > count + 200, { what: "requests" });
    await load.stop();
    expect(load.failures).toEqual([]);
  });
});

class Balanced {
  readonly bench: PluginBench;
  readonly port: number;

  constructor(bench: PluginBench, port: number) {
    this.bench = bench;
    this.port = port;
  }

  /** "web1 1": name and weight, without those that are taken out. */
  async servers(): Promise<string[]> {
    const states = readServersState(String(await this.bench.action("servers")));
    return states.map(({ name, weight }) => `${name} ${weight}`).sort();
  }

  async held(): Promise<string[]> {
    const states = readServersState(String(await this.bench.action("servers")));
    return states.filter(({ isHeld }) => isHeld).map(({ name }) => name);
  }

  expectServers(...expected: string[]): Promise<unknown> {
    return waitFor(async () => void expect(await this.servers()).toEqual(expected), {
      what: `the servers ${expected.join(", ")}`,
      intervalMs: 20,
    });
  }

  /** The file, from the command line of the child. */
  async path(): Promise<string> {
    const started = this.bench.commands.find((command) => command.includes("-W")) ?? [];
    return started.at(-1)!;
  }

  async file(): Promise<string> {
    return readFile(await this.path(), "utf8");
  }

  /** "web1 10.0.0.1:80" */
  async fileServers(): Promise<string[]> {
    return [...(await this.file()).matchAll(/^ {4}server (\S+ \S+)/gm)].map(([, server]) => server!).sort();
  }

  async master() {
    const state = readProcesses(await askSocket(join(await this.path(), "../master.sock"), "show proc"));
    if (state === undefined) throw new Error("no master process answers");
    return state;
  }

  async reloads(): Promise<number> {
    return (await this.master()).reloads;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exit = new Promise((resolve) => child.once("exit", resolve));
  child.kill("SIGTERM");
  await exit;
}

function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch {
    return false;
  }
}
