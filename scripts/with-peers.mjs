// Runs a TypeScript program that compares us with real peers: brings the clone into order, installs the peers where it may, then starts it, with Node's
// flags that this one was given.

import { spawnSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const steps = [
  [process.execPath, [join(root, "scripts/prepare.mjs")]],
  ["sh", [join(root, "scripts/install-peers.sh")]],
  [
    process.execPath,
    [
      ...process.execArgv,
      "--import",
      import.meta.resolve("tsx"),
      join(root, process.argv[2]),
      ...process.argv.slice(3),
    ],
  ],
];
for (const [command, parameters] of steps) {
  const { status, error } = spawnSync(command, parameters, { cwd: root, stdio: "inherit" });
  if (error !== undefined) throw error;
  if (status !== 0) process.exit(status ?? 1);
}
