/** `serf simulate` as users call it. */

import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand, startCommand } from "../support/serf-command.ts";

const small = ["simulate", "-nodes=20", "-profile=local", "-loss=5%", "-kill=2", "-event", "-quiet=2s"];
const sandbox = useSandbox();

test("shows a chart and figures, and the same for the same seed", async () => {
  const { code, stdout, stderr } = await serfCommand("ours", [...small, "-seed=7"]);
  expect([code, stderr]).toEqual([0, ""]);
  for (const line of ["100 %┤", "The event reached +19 of 19 nodes", "Everybody noticed +2 of 2 failures", "kB/s"])
    expect(stdout).toMatch(new RegExp(line));
  expect((await serfCommand("ours", [...small, "-seed=7"])).stdout).toBe(stdout);
  expect((await serfCommand("ours", [...small, "-seed=8"])).stdout).not.toBe(stdout);
});

test("prints JSON, and writes a page that needs nothing from elsewhere", async () => {
  const path = join(await sandbox.folder(), "report.html");
  const { code, stdout } = await serfCommand("ours", [...small, "-format=json", "-html", path, "-set=suspicionMult=2"]);
  expect(code).toBe(0);
  const report = JSON.parse(stdout);
  expect(report).toMatchObject({ phase: "done", interrupted: false, options: { memberlist: { suspicionMult: 2 } } });
  expect(report.failures.knownToAll).toBe(2);
  const page = readFileSync(path, "utf8");
  expect(page.match(/<svg /g)).toHaveLength(4);
  expect(page).not.toMatch(/<script|<link|src=|url\(http/);
});

test("runs a scenario with its checks, and says how to repeat what fails", async () => {
  const path = join(await sandbox.folder(), "scenario.json");
  const steps = [
    { kind: "addNodes", count: 3 },
    { kind: "wait", ms: 5_000 },
    { kind: "crash", nodes: ["n2"] },
  ];
  writeFileSync(path, JSON.stringify({ profile: "local", steps: [...steps, { kind: "calm" }] }));
  const passed = await serfCommand("ours", ["simulate", "-scenario", path]);
  expect([passed.code, passed.stdout]).toEqual([0, expect.stringMatching(/Verdict +passed/)]);
  const impossible = { kind: "expect", of: "n2", status: "alive" };
  writeFileSync(path, JSON.stringify({ profile: "local", steps: [...steps, impossible] }));
  expect((await serfCommand("ours", ["simulate", "-scenario", path, "-seed=3"])).code).toBe(0);
  writeFileSync(
    path,
    JSON.stringify({ profile: "local", steps: [...steps, { kind: "wait", ms: 60_000 }, impossible] }),
  );
  const failed = await serfCommand("ours", ["simulate", "-scenario", path, "-seed=3"]);
  expect(failed.code).toBe(1);
  expect(failed.stdout).toContain(`Again: serf simulate -scenario ${path} -seed 3`);
});

test("ends on Ctrl-C with what there is by then", async () => {
  let code: number | string = "";
  // A Ctrl-C that comes before the command listens ends it at once: then the next one waits longer.
  for (let delayMs = 500; delayMs <= 16_000; delayMs *= 2) {
    const command = startCommand("ours", ["simulate", "-nodes=60", "-quiet=1h", "-format=json"]);
    const interrupt = setTimeout(() => command.signal("SIGINT"), delayMs);
    code = await command.exited.finally(() => clearTimeout(interrupt));
    if (code === "SIGINT") continue;
    expect(JSON.parse(command.stdout).interrupted).toBe(true);
    break;
  }
  expect(code).toBe(130);
});

test.each([
  [["-nodes=1"], "must be an integer from 2 to 2000"],
  [["-loss=100%"], "must be a percentage from 0% to below 100%"],
  [["-nodes=3", "-kill=3"], "of 3 nodes at most 2 can be killed"],
  [["-set=suspicionMulti=3"], "is no setting of memberlist"],
  [["-set=suspicionMult=0"], "must be an integer from 1 to 100"],
  [["-scenario=/nonexistent/scenario.json"], "ENOENT"],
])("says what is wrong with %j", async (flags, problem) => {
  const { code, stderr } = await serfCommand("ours", ["simulate", ...flags]);
  expect([code, stderr]).toEqual([1, expect.stringContaining(problem)]);
});
