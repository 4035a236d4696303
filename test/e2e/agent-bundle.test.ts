/** What loading the agent's bundle alone brings into a process: each module that is there before it is used is memory of every agent. */

import { execFileSync } from "node:child_process";
import { readdirSync, statSync } from "node:fs";
import module from "node:module";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { Sandbox } from "../support/sandbox.ts";

const bundle = fileURLToPath(new URL("../../dist/serf-agent.cjs", import.meta.url));
const needed = ["crypto", "dgram", "dns", "fs", "net", "os", "path", "perf_hooks", "util", "v8"];
const onlyWhenUsed = ["child_process", "fs/promises", "readline", "timers/promises", "vm", "worker_threads"];

test("what few agents need is not loaded before it is used", () => {
  const broughtAnyway = modulesAfter(needed);
  const brought = modulesAfter([...needed, bundle]).filter((name) => !broughtAnyway.includes(name));
  expect(onlyWhenUsed.filter((name) => brought.includes(name))).toEqual([]);
});

test("nor is its text kept, as V8 keeps all it has read: the tables of regular expressions are a file of their own", () => {
  expect(statSync(bundle).size).toBeLessThan(750_000);
});

const command = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
const hasBudget = Number.parseInt(process.versions.v8, 10) < 12;

test.skipIf(!hasBudget)("a function that does a little is not given to the optimizing compiler", () => {
  expect(optimizedAfter("")).toContain("<JSFunction little");
  expect(
    optimizedAfter(`process.argv = [process.argv[0], "serf", "version"]; require(${JSON.stringify(command)});`),
  ).not.toContain("<JSFunction little");
});

const keepsCompiledCode = "enableCompileCache" in module;

test.skipIf(!keepsCompiledCode)("what was compiled is kept in the user's cache folder", async () => {
  const sandbox = new Sandbox();
  onTestFinished(() => sandbox.close());
  const caches = await sandbox.folder();
  execFileSync(process.execPath, [command, "agent", "-help"], { env: { ...process.env, XDG_CACHE_HOME: caches } });
  expect(readdirSync(join(caches, "serf-ts"), { recursive: true }).length).toBeGreaterThan(1);
});

/** What V8 says of its compiler where a function runs, after this script, that needs some seven times the usual budget. */
function optimizedAfter(script: string): string {
  const little = "function little() { let sum = 0; for (let i = 0; i < 1000; i++) sum += i; return sum; }";
  const rest = `setTimeout(() => { for (let i = 0; i < 60; i++) little(); }, 10); setTimeout(() => {}, 200);`;
  return execFileSync(process.execPath, ["--trace-opt", "-e", `${script} ${little} ${rest}`], { encoding: "utf8" });
}

/** Node's own modules that a process has loaded after these. */
function modulesAfter(required: readonly string[]): string[] {
  const script = `for (const path of ${JSON.stringify(required)}) require(path); console.log(process.moduleLoadList.join("\\n"))`;
  const output = execFileSync(process.execPath, ["-e", script], { encoding: "utf8" });
  return output.split("\n").map((line) => line.replace(/^NativeModule /, ""));
}
