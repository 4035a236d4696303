/**
 * Once before all tests with real processes: builds the command (always, since that takes less time than to find out whether it is stale)
 * and says which peers are missing.
 */

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { announceMissingPeers } from "./peers.ts";

export function setup(): void {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  execFileSync(process.execPath, [join(root, "scripts/build.mjs"), "--command"], { stdio: "inherit" });
  announceMissingPeers();
}
