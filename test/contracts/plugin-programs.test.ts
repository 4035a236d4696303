/** Programs that plugins run, with real processes: none is left behind. */

import { existsSync, readFileSync } from "node:fs";
import { afterEach, describe, expect, test } from "vitest";
import { createPluginBench, definePlugin, type PluginContext } from "../../src/plugins/index.ts";
import { Programs } from "../../src/plugins/programs.ts";

const opened: Programs[] = [];
afterEach(async () => {
  for (const programs of opened.splice(0)) await programs.endAll();
});

function open(graceMs = 2000): Programs {
  const programs = new Programs({ graceMs });
  opened.push(programs);
  return programs;
}

describe("a program that is run to its end", () => {
  test("gives exit code and both outputs, and gets input and environment", async () => {
    const result = await open().run(["/bin/sh", "-c", 'cat; echo "$WHO" >&2; exit 3'], {
      input: "in",
      env: { WHO: "me" },
    });
    expect(result).toEqual({ exitCode: 3, signal: null, stdout: "in", stderr: "me\n", timedOut: false });
  });

  test("keeps the first 64 KiB of what it prints", async () => {
    const { stdout } = await open().run(["/bin/sh", "-c", "yes | head -c 1000000"], {});
    expect(stdout).toHaveLength(65_536);
  });

  test("that takes too long is ended, with all it started", async () => {
    const result = await open(200).run(["/bin/sh", "-c", "trap '' TERM; sleep 60 & wait; sleep 60"], { timeoutMs: 50 });
    expect(result).toMatchObject({ timedOut: true, signal: "SIGKILL" });
  });

  test("need not wait for what it leaves running", async () => {
    const result = await open().run(["/bin/sh", "-c", "sleep 5 & echo started"], {});
    expect(result).toMatchObject({ exitCode: 0, stdout: "started\n" });
  });

  test.each([
    [["/no/such/program"], 'cannot start "/no/such/program": no such program'],
    [["/etc/passwd"], 'cannot start "/etc/passwd": permission denied'],
    [["sh", "\0"], 'cannot start "sh": '],
  ])("%j is not started", async (command, message) => {
    await expect(open().run(command, {})).rejects.toMatchObject({
      code: "PROCESS_NOT_STARTED",
      message: expect.stringContaining(message),
    });
  });
});

describe("a program that stays", () => {
  test("has its lines read as fast as they are taken, its signals sent, and its end told", async () => {
    const programs = open();
    const lines: string[] = [];
    const waiting: (() => void)[] = [];
    const ended = new Promise((resolve) => {
      void programs.start(
        1,
        ["/bin/sh", "-c", "trap 'echo told; exit 7' USR1; yes; true"],
        {},
        {
          lines: async (read) => {
            lines.push(...read.slice(0, 1));
            await new Promise<void>((proceed) => waiting.push(proceed));
          },
          ended: resolve,
        },
      );
    });
    await expect.poll(() => lines.length).toBe(1);
    await new Promise((resolve) => setImmediate(resolve));
    expect(lines).toHaveLength(1);
    expect(() => programs.signal(1, "SIGNONSENSE")).toThrow("SIGNONSENSE");
    const draining = setInterval(() => waiting.shift()?.(), 1);
    programs.signal(1, "SIGUSR1");
    expect(await ended).toEqual({ exitCode: 7, signal: null });
    clearInterval(draining);
  });

  test("is gone after the end of all, with its children, even if it will not go", async () => {
    const programs = open(200);
    const lines: string[] = [];
    const command = ["/bin/sh", "-c", "trap '' TERM; sleep 60 & echo $!; while :; do sleep 60; done"];
    const { pid } = await programs.start(
      1,
      command,
      {},
      {
        lines: async (read) => void lines.push(...read),
        ended: () => undefined,
      },
    );
    await expect.poll(() => lines.length).toBe(1);
    await programs.endAll();
    // Its child was killed with it, at the same moment or the next.
    await expect.poll(() => [isAlive(pid), isAlive(Number(lines[0]))]).toEqual([false, false]);
    await expect(programs.run(["true"], {})).rejects.toThrow("the plugin is stopping");
  });
});

test("a plugin runs programs by its context, and the bench ends them", async () => {
  let context: PluginContext | undefined;
  const plugin = definePlugin({
    name: "runner",
    description: "Runs",
    options: {},
    start: (given) => {
      context = given;
      return {};
    },
  });
  const bench = await createPluginBench(plugin, {
    run: ([program]) => (program === "haproxy" ? { exitCode: 1, stderr: "bad" } : undefined),
  }).start();
  const { processes } = context!;
  expect(await processes.run(["haproxy", "-c"])).toMatchObject({ exitCode: 1, stderr: "bad" });
  expect(await processes.shell("echo $A", { env: { A: "b" } })).toMatchObject({ stdout: "b\n" });
  const child = await processes.start(["/bin/sh", "-c", "echo ready; exec sleep 60"]);
  await expect.poll(() => bench.log).toEqual(["INFO ready"]);
  child.kill();
  expect(await child.ended).toEqual({ exitCode: null, signal: "SIGTERM" });
  const other = await processes.start(["sleep", "60"]);
  await bench.stop();
  expect(isAlive(other.pid)).toBe(false);
  expect(bench.commands.map(([program]) => program)).toEqual(["haproxy", "/bin/sh", "/bin/sh", "sleep"]);
});

function isAlive(pid: number): boolean {
  // A process that nobody reaps yet is still in the table, but gone.
  const state = existsSync(`/proc/${pid}/stat`) ? readFileSync(`/proc/${pid}/stat`, "utf8") : ") Z";
  return state.slice(state.lastIndexOf(")") + 2)[0] !== "Z";
}
