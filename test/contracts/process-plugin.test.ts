/** The process plugin on the bench, with programs that really run. */

import { once } from "node:events";
import { readFileSync } from "node:fs";
import { readFile, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createPluginBench, type PluginBench } from "../../src/plugins/bench.ts";
import { plugin } from "../../src/plugins/process/index.ts";
import { waitFor } from "../support/wait-for.ts";

const cleanups: (() => unknown)[] = [];
afterEach(async () => {
  for (const cleanup of cleanups.splice(0).reverse()) await cleanup();
});

interface View {
  readonly name: string;
  readonly state: string;
  readonly pid?: number;
  readonly starts: number;
}

function benchOf(...programs: readonly object[]): PluginBench {
  const bench = createPluginBench(plugin, { fileOptions: { programs }, time: "real" });
  cleanups.push(() => bench.stop());
  return bench;
}

const statusOf = (bench: PluginBench) => bench.action("status") as Promise<readonly View[]>;

async function until(bench: PluginBench, state: string): Promise<readonly View[]> {
  return waitFor(
    async () => {
      const views = await statusOf(bench);
      expect(views.map((view) => view.state).join(" ")).toBe(state);
      return views;
    },
    { what: `the programs to be ${state}`, witnesses: [{ describe: () => bench.log.join("\n") }] },
  );
}

const sleeper = { command: ["sleep", "1000"], check: "true", restart_min: "10ms" };

describe("programs", () => {
  test("start in order, when the one before is ready, and end in the reverse order", async () => {
    const gate = join(tmpdir(), `serf-ts-gate-${process.pid}`);
    cleanups.push(() => rm(gate, { force: true }));
    const trap = (name: string) => ["sh", "-c", `trap 'echo ${name} ends; exit 0' TERM; while :; do sleep 0.05; done`];
    const bench = benchOf(
      { ...sleeper, name: "db", command: trap("db"), check: `test -e ${gate}`, check_every: "100ms" },
      { ...sleeper, name: "web", command: trap("web") },
    );
    await bench.start();
    await until(bench, "starting waiting");
    expect([bench.tags, bench.status]).toEqual([{ ready: "false" }, "db starting, web waiting"]);
    await writeFile(gate, "");
    await until(bench, "ready ready");
    expect([bench.tags, bench.status]).toEqual([{ ready: "true" }, "db, web ready"]);
    await bench.stop();
    expect(bench.log.filter((line) => line.endsWith("ends"))).toEqual(["INFO web: web ends", "INFO db: db ends"]);
    expect(bench.tags).toEqual({});
  });

  test("that die are started again, and the tag says so meanwhile", async () => {
    const bench = await benchOf({ ...sleeper, name: "web", restart_min: "200ms" }).start();
    const [{ pid } = { pid: 0 }] = await until(bench, "ready");
    process.kill(pid!, "SIGKILL");
    await until(bench, "ended");
    expect([bench.tags, bench.problem]).toEqual([{ ready: "false" }, "web: ended with SIGKILL"]);
    await until(bench, "ready");
    expect([bench.tags, bench.problem]).toEqual([{ ready: "true" }, undefined]);
    expect((await bench.action("restart", "web")) as string).toBe("web is started again");
    expect(await until(bench, "ready")).toMatchObject([{ name: "web", starts: 3 }]);
    await expect(bench.action("restart", "wbe")).rejects.toThrow('there is no program "wbe"; there are: web');
  });

  test("whose end means to leave have the agent leave", async () => {
    const bench = await benchOf({ name: "job", command: ["sh", "-c", "echo done; exit 3"], on_exit: "leave" }).start();
    await waitFor(() => bench.hasLeft, { what: "the agent to be asked to leave" });
    expect(bench.log).toEqual(
      expect.arrayContaining(["INFO job: done", "INFO job ended with 3: this node leaves the cluster"]),
    );
  });

  test("end with all that they started", async () => {
    const script = "sleep 1000 & echo child $!; wait";
    const bench = await benchOf({ ...sleeper, name: "web", command: ["sh", "-c", script] }).start();
    const child = await waitFor(() => /child (\d+)/.exec(bench.log.join("\n")) ?? false, { what: "the child" });
    await bench.stop();
    await waitFor(() => !isRunning(Number(child[1])), { what: "the child to be gone" });
  });

  test("get signals passed on, and their arguments untouched by any shell", async () => {
    const output = join(tmpdir(), `serf-ts-output-${process.pid}`);
    cleanups.push(() => rm(output, { force: true }));
    const script = "trap 'echo \"got $1\"' USR2; echo up; while :; do sleep 0.02; done";
    const command = ["sh", "-c", script, "sh", "$(id); `id` 'x' \"y\""];
    const bench = await benchOf({ ...sleeper, name: "web", command, output, signals: { SIGHUP: "SIGUSR2" } }).start();
    const lines = async () => (await readFile(output, "utf8")).split("\n");
    await waitFor(async () => (await lines()).includes("up"), { what: "the program to be up" });
    bench.signal("SIGHUP");
    await waitFor(async () => expect(await lines()).toContain("got $(id); `id` 'x' \"y\""), { what: "the signal" });
  });

  test("are checked by TCP and HTTP", async () => {
    let status = 503;
    const server = createServer((_request, response) => response.writeHead(status).end()).listen(0, "127.0.0.1");
    await once(server, "listening");
    const { port } = server.address() as AddressInfo;
    cleanups.push(() => {
      server.close();
      server.closeAllConnections();
    });
    const { check: _, ...rest } = sleeper;
    const bench = benchOf(
      { ...rest, name: "tcp", check_tcp: String(port) },
      { ...rest, name: "http", check_http: `http://127.0.0.1:${port}/health`, check_every: "100ms", check_failures: 1 },
    );
    await bench.start();
    await waitFor(() => expect(bench.problem).toBe("http: HTTP 503"), { what: "the check to fail" });
    status = 302;
    await until(bench, "ready ready");
    status = 404;
    await until(bench, "ready unwell");
  });

  test("that cannot be started fail the start", async () => {
    await expect(benchOf({ name: "web", command: ["/nowhere/web"] }).start()).rejects.toThrow("no such program");
  });
});

/** One that has ended and that nobody has reaped yet does not run. */
function isRunning(pid: number): boolean {
  try {
    return !/^\d+ \(.*\) Z/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}
