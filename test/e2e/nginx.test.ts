/** The plugin nginx with a real nginx, on a bench. */

import { spawn } from "node:child_process";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { type BenchMember, createPluginBench, type PluginBench } from "../../src/plugins/index.ts";
import { plugin as nginx } from "../../src/plugins/nginx/index.ts";
import { plugin as template } from "../../src/plugins/template/index.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { waitFor } from "../support/wait-for.ts";
import { ask, Load, WebServer } from "../support/web.ts";

const program = requirePeer("nginx");

describe.skipIf(program === undefined)("the plugin nginx", () => {
  const sandbox = useSandbox();
  const cleanups: (() => Promise<unknown>)[] = [];

  afterEach(async () => {
    for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
  });

  async function startBench(
    fileOptions: Readonly<Record<string, unknown>>,
    members: readonly BenchMember[] = [],
  ): Promise<{ readonly bench: PluginBench; readonly port: number }> {
    const templates = await createPluginBench(template, { members, time: "real" }).start();
    cleanups.push(() => templates.stop());
    const port = await sandbox.port();
    const api = (method: string) => (given: unknown) => templates.call(method, given);
    const bench = createPluginBench(nginx, {
      fileOptions: { bind: [`127.0.0.1:${port}`], tag: "role=web", quiet: "20ms", ...fileOptions },
      instance: "web",
      time: "real",
      members,
      uses: { template: { render: api("render"), write: api("write") } },
    });
    cleanups.push(() => bench.stop());
    await bench.start();
    return { bench, port };
  }

  async function startWeb(name: string): Promise<[WebServer, BenchMember]> {
    const web = await WebServer.start(name);
    cleanups.push(() => web.close());
    return [web, { name, address: "127.0.0.1", tags: { role: "web", port: String(web.port) } }];
  }

  const folderOf = ({ commands }: PluginBench): string => {
    const started = commands.find(([, flag]) => flag === "-p") ?? [];
    return started[2]!;
  };

  test("follows members under load without a failed request, and drains one that leaves", async () => {
    const [[web1, one], [web2, two]] = [await startWeb("web1"), await startWeb("web2")];
    const { bench, port } = await startBench({}, [one]);
    expect(bench.status).toBe("1 server in 1 pool");
    const load = new Load(port);
    bench.setMember(two);
    await waitFor(() => web2.requests > 50, { what: "requests at web2" });
    const slow = ask(port, "/slow");
    await waitFor(() => web1.heldCount + web2.heldCount === 1, { what: "the slow request to arrive" });
    const [name, held, member] = web1.heldCount === 1 ? ["web1", web1, one] : ["web2", web2, two];
    bench.setMember({ ...member, status: "leaving" });
    bench.setMember({ ...member, status: "left" });
    await waitFor(
      async () => {
        const before = held.requests;
        for (let count = 0; count < 20; count++) await ask(port);
        return held.requests === before;
      },
      { what: "no more requests at the one that leaves" },
    );
    held.release();
    expect(await slow).toBe(name);
    bench.setMember({ ...member, status: "alive" });
    const before = held.requests;
    await waitFor(() => held.requests > before + 50, { what: "requests at the one that is back" });
    await waitFor(() => load.count > 1_000, { what: "1,000 requests" });
    await load.stop();
    expect(load.failures).toEqual([]);
    expect(bench.problem).toBeUndefined();
  });

  test("says in nginx's words what it refuses, keeps what works, and lets no tag into the file", async () => {
    const [, one] = await startWeb("web1");
    await expect(startBench({ server_options: "wait=3" }, [one])).rejects.toThrow(/invalid parameter "wait=3"/);

    const path = join(await sandbox.folder(), "own.hbs");
    const { bench: first } = await startBench({}, [one]);
    const builtIn = String(await first.action("template"));
    await writeFile(path, builtIn);
    const { bench, port } = await startBench({ template: path }, [one]);
    const file = join(folderOf(bench), "nginx.conf");
    const before = await readFile(file, "utf8");
    await writeFile(path, builtIn.replace("access_log off", "acces_log off"));
    bench.setMember({ name: "x; } server { listen 1;", tags: { role: "web", port: "1; }" } });
    await waitFor(() => bench.problem?.includes('unknown directive "acces_log"') === true, { what: "the problem" });
    expect(await readFile(file, "utf8")).toBe(before);
    expect(await ask(port)).toBe("web1");
    await writeFile(path, builtIn);
    await waitFor(() => bench.problem?.includes("is left out: its tag port is no port") === true, { what: "mending" });
    bench.setMember({ name: "web 2", tags: { role: "web" } });
    await waitFor(async () => /# web_2-[0-9a-f]{12}$/m.test(await readFile(file, "utf8")), { what: "web 2" });
  });

  test("starts nginx again when it was killed, and changes nothing where nothing changes", async () => {
    const [, one] = await startWeb("web1");
    const { bench, port } = await startBench({}, [one]);
    const file = join(folderOf(bench), "nginx.conf");
    const before = await stat(file);
    const pid = await readFile(join(folderOf(bench), "nginx.pid"), "utf8");
    process.kill(Number(pid), "SIGKILL");
    await waitFor(async () => (await readFile(join(folderOf(bench), "nginx.pid"), "utf8")) !== pid, { what: "nginx" });
    await waitFor(async () => (await ask(port)) === "web1", { what: "an answer" });
    bench.setMember({ name: "db1" });
    await waitFor(() => bench.problem === undefined, { what: "no problem" });
    const after = await stat(file);
    expect([after.mtimeMs, after.ino]).toEqual([before.mtimeMs, before.ino]);
  });

  test("keeps a file of an nginx that runs already", async () => {
    const [[, one], [, two]] = [await startWeb("web1"), await startWeb("web2")];
    const folder = await sandbox.folder();
    await chmod(folder, 0o755);
    await mkdir(join(folder, "conf.d"));
    const main = join(folder, "nginx.conf");
    const paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"].map(
      (name) => `${name}_temp_path ${folder}/${name};`,
    );
    await writeFile(
      main,
      `pid ${folder}/pid;\nerror_log stderr;\nevents {}\nhttp {\naccess_log off;\n${paths.join("\n")}\ninclude ${folder}/conf.d/*.conf;\n}\n`,
    );
    const service = spawn(program!, ["-c", main, "-g", "daemon off;"]);
    cleanups.push(async () => {
      const exit = new Promise((resolve) => service.once("exit", resolve));
      service.kill("SIGTERM");
      await exit;
    });
    await waitFor(async () => (await readFile(join(folder, "pid"), "utf8")) !== "", { what: "nginx" });
    const config = join(folder, "conf.d", "serf.conf");
    const { bench, port } = await startBench({ run: "service", config, reload: `nginx -c ${main} -s reload` }, [one]);
    await waitFor(async () => (await ask(port)) === "web1", { what: "an answer of web1" });
    bench.setMember(two);
    await waitFor(async () => (await ask(port)) === "web2", { what: "an answer of web2" });
    bench.setMember({ ...one, status: "failed" });
    bench.setMember({ ...two, status: "failed" });
    await waitFor(async () => (await ask(port).catch(String)).includes("status 502"), { what: "nobody" });
    await bench.stop();
    expect(await readFile(config, "utf8")).toContain("nobody");
  });
});
