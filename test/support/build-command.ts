/** Builds the command before tests run it: always, since that takes less time than to find out whether it is stale. */

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export function setup(): void {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  execFileSync(process.execPath, [join(root, "scripts/build.mjs"), "--command"], { stdio: "inherit" });
}
