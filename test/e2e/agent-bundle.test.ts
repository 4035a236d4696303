/** What loading the agent's bundle alone brings into a process: each module that is there before it is used is memory of every agent. */

import { execFileSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const bundle = fileURLToPath(new URL("../../dist/serf-agent.cjs", import.meta.url));
const needed = ["crypto", "dgram", "dns", "fs", "net", "os", "path", "perf_hooks", "util", "v8"];
const onlyWhenUsed = ["child_process", "fs/promises", "readline", "timers/promises", "vm", "worker_threads"];

test("what few agents need is not loaded before it is used", () => {
  const broughtAnyway = modulesAfter(needed);
  const brought = modulesAfter([...needed, bundle]).filter((name) => !broughtAnyway.includes(name));
  expect(onlyWhenUsed.filter((name) => brought.includes(name))).toEqual([]);
});

/** Node's own modules that a process has loaded after these. */
function modulesAfter(required: readonly string[]): string[] {
  const script = `for (const path of ${JSON.stringify(required)}) require(path); console.log(process.moduleLoadList.join("\\n"))`;
  const output = execFileSync(process.execPath, ["-e", script], { encoding: "utf8" });
  return output.split("\n").map((line) => line.replace(/^NativeModule /, ""));
}
