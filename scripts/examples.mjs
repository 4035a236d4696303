// `npm run examples`: builds what is stale, installs the programs that examples run where it may, runs the `check` of every example, and prints a table.
// Names of examples choose some of them. A check that ends with 77 was skipped, and said why: this machine cannot run it.

import { spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const timeoutMs = 180_000;
const skippedStatus = 77;

const prepared = spawnSync(process.execPath, [join(root, "scripts/prepare.mjs")], { stdio: "inherit" });
if (prepared.status !== 0) process.exit(1);
if (process.platform === "linux") spawnSync("sh", [join(root, "scripts/install-peers.sh")], { stdio: "inherit" });

const all = readdirSync(join(root, "examples")).filter((name) => existsSync(join(root, "examples", name, "check")));
const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !all.includes(name));
if (unknown.length > 0) {
  console.error(`no example ${unknown.join(", ")}; there are: ${all.join(", ")}`);
  process.exit(1);
}

let failed = 0;
for (const name of wanted.length > 0 ? wanted : all) {
  const startedMs = performance.now();
  const { status, signal, stdout, stderr } = spawnSync(join(root, "examples", name, "check"), {
    encoding: "utf8",
    timeout: timeoutMs,
  });
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const isSkipped = status === skippedStatus;
  const verdict = isSkipped ? "skipped" : status === 0 ? "ok" : "FAILED";
  console.log(
    `${name.padEnd(24)} ${verdict.padEnd(8)} ${seconds.padStart(6)} s${isSkipped ? `  ${stderr.trim()}` : ""}`,
  );
  if (isSkipped || status === 0) continue;
  failed += 1;
  console.log(`${stdout}${stderr}\nended with ${status ?? signal}`);
}
process.exit(failed === 0 ? 0 : 1);
