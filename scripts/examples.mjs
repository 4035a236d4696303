// `npm run examples`: builds what is stale, installs the programs that examples run where it may, runs the `check` of every example, and prints a table.
// Names of examples choose some of them; two run side by side, since they wait more than they work. A check that ends with 77 was skipped, and said why: this machine cannot run it.

import { execFile, spawnSync } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const timeoutMs = 180_000;
const skippedStatus = 77;
const sideBySide = 2;
const outputBytesMax = 16 * 1024 * 1024;

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
const waiting = wanted.length > 0 ? [...wanted] : all;
await Promise.all(Array.from({ length: sideBySide }, checkNext));
process.exit(failed === 0 ? 0 : 1);

async function checkNext() {
  for (let name = waiting.shift(); name !== undefined; name = waiting.shift()) await check(name);
}

async function check(name) {
  const startedMs = performance.now();
  const { ended, stdout, stderr } = await run(join(root, "examples", name, "check"));
  const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
  const isSkipped = ended === skippedStatus;
  const verdict = isSkipped ? "skipped" : ended === 0 ? "ok" : "FAILED";
  console.log(
    `${name.padEnd(24)} ${verdict.padEnd(8)} ${seconds.padStart(6)} s${isSkipped ? `  ${stderr.trim()}` : ""}`,
  );
  if (isSkipped || ended === 0) return;
  failed += 1;
  console.log(`${stdout}${stderr}\nended with ${ended}`);
}

/** How it ended: an exit status, a signal, or why it could not be started. */
function run(program) {
  return new Promise((resolve) => {
    execFile(program, { timeout: timeoutMs, maxBuffer: outputBytesMax }, (error, stdout, stderr) =>
      resolve({ ended: error === null ? 0 : (error.signal ?? error.code), stdout, stderr }),
    );
  });
}
