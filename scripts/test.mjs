// `npm test`: everything, from whatever state the clone is in. Installs, builds, fetches the real peers where it may, and runs
// every test project. Arguments go to the test runner: `npm test -- --project unit`.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

run(process.execPath, [join(root, "scripts/prepare.mjs")]);
if (process.platform === "linux") run("sh", [join(root, "scripts/install-peers.sh")]);
run(process.execPath, [
  join(root, "node_modules/vitest/vitest.mjs"),
  "run",
  "--reporter=default",
  `--reporter=${join(root, "scripts/summary-reporter.mjs")}`,
  ...process.argv.slice(2),
]);

function run(command, parameters) {
  const { status, signal, error } = spawnSync(command, parameters, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(signal === null ? (status ?? 1) : 1);
}
