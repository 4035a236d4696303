import { describe, expect, onTestFinished, test } from "vitest";
import type { RunningProcess } from "../support/processes.ts";
import { serfCommand, startCommand } from "../support/serf-command.ts";
import { sleep, waitFor } from "../support/wait-for.ts";

const anyPorts = ["-bind=127.0.0.1:0", "-rpc-addr=127.0.0.1:0"];
const generousMs = 60_000;

interface Told {
  readonly event: string;
  readonly [field: string]: unknown;
}

function startDev(...args: string[]): RunningProcess {
  const dev = startCommand("ours", ["dev", "-profile=local", ...args]);
  onTestFinished(async () => {
    dev.signal("SIGKILL");
    await dev.exited;
  });
  return dev;
}

function told(dev: RunningProcess, event: string): Told[] {
  const lines = dev.stdout.split("\n").slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Told).filter((one) => one.event === event);
}

describe("serf dev", { timeout: 2 * generousMs }, () => {
  test("runs agents that other commands see, and ends them all on Ctrl-C", async () => {
    const dev = startDev("-nodes=12", "-rpc-nodes=2", "-tag=role=web", "-format=json", ...anyPorts);
    await waitFor(() => told(dev, "joined").length === 1, {
      what: "all to see all",
      deadlineMs: generousMs,
      witnesses: [dev],
    });
    const [started] = told(dev, "started");
    const { rpc } = started as Told & { rpc: readonly string[] };
    expect(rpc).toHaveLength(2);
    const { stdout } = await serfCommand("ours", ["members", `-rpc-addr=${rpc[1]}`, "-format=json"]);
    const { members } = JSON.parse(stdout) as { members: { name: string; status: string; tags: unknown }[] };
    expect(members.map(({ name }) => name).sort()).toEqual(
      Array.from({ length: 12 }, (_, index) => `node-${String(index + 1).padStart(2, "0")}`),
    );
    for (const { status, tags } of members) expect([status, tags]).toEqual(["alive", { role: "web" }]);
    dev.signal("SIGINT");
    expect(await dev.exited).toBe(0);
    expect(told(dev, "stopping")).toHaveLength(1);
  });

  test("plays an event, deaths and a partition, and tells how long each took", async () => {
    const play = ["-event=deploy=v1", "-kill=20%", "-partition=1s|1/3", "-once", "-timeout=110s"];
    const dev = startDev("-nodes=10", "-format=json", ...play, ...anyPorts);
    expect(await dev.exited, dev.stdout + dev.stderr).toBe(0);
    expect(told(dev, "event")).toEqual([expect.objectContaining({ name: "deploy", missing: 0 })]);
    expect(told(dev, "killed")[0]).toMatchObject({
      names: [expect.stringMatching(/^node-/), expect.stringMatching(/^node-/)],
    });
    expect(told(dev, "cut")[0]).toMatchObject({ sides: [2, 6] });
    for (const event of ["joined", "failed", "parted", "healed"])
      expect(told(dev, event), event).toEqual([expect.objectContaining({ seconds: expect.any(Number) })]);
    const last = told(dev, "progress").at(-1);
    expect(last).toMatchObject({ nodes: 8, complete: 8, seen: 1, suspicions: 0, stale: 0 });
  });

  test("goes around ports that are taken, but not around an address that is not here", async () => {
    const first = startDev("-nodes=3", "-format=json", ...anyPorts);
    await waitFor(() => told(first, "started").length === 1, {
      what: "a port",
      deadlineMs: generousMs,
      witnesses: [first],
    });
    const taken = String(told(first, "started")[0]?.["first"]);
    const second = startDev("-nodes=3", "-rpc-nodes=0", "-format=json", "-once", `-bind=${taken}`);
    expect(await second.exited, second.stdout + second.stderr).toBe(0);
    expect(told(second, "started")[0]?.["first"]).not.toBe(taken);
    const { code, stdout } = await serfCommand("ours", ["dev", "-bind=203.0.113.7:7946"]);
    expect(code).toBe(1);
    expect(stdout).toMatch(/==> .*203\.0\.113\.7/);
  });

  test("ends on Ctrl-C in the middle of a partition, and while nodes are started", async () => {
    const parted = startDev("-nodes=2", "-partition=1h", "-format=json", ...anyPorts);
    await waitFor(() => told(parted, "parted").length === 1, {
      what: "both sides to know",
      deadlineMs: generousMs,
      witnesses: [parted],
    });
    parted.signal("SIGINT");
    expect(await parted.exited).toBe(0);
    const many = startDev("-nodes=500", "-format=json", ...anyPorts);
    await sleep(300);
    many.signal("SIGINT");
    // By the signal itself where Node was still reading the program.
    expect(await many.exited).toBeOneOf([0, "SIGINT"]);
  });

  test("prints lines where nobody can see it draw", async () => {
    const dev = startDev("-nodes=3", "-once", ...anyPorts);
    expect(await dev.exited).toBe(0);
    expect(dev.stdout).toMatch(/^==> 3 nodes listen, the first at 127\.0\.0\.1:\d+, RPC at /);
    expect(dev.stdout).toMatch(/^==> all nodes see all after [\d.]+ s/m);
    expect(dev.stdout).not.toContain("\u001b");
  });
});
