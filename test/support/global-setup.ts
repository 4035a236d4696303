/**
 * Once before all tests with real processes: builds the command (always, since that takes less time than to find out whether it is stale)
 * and says which peers are missing, and whether networks of hosts cannot be made.
 */

import { execFileSync } from "node:child_process";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { whyNoNetworks } from "./netns.ts";
import { announceMissingPeers } from "./peers.ts";

export async function setup(): Promise<void> {
  const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
  execFileSync(process.execPath, [join(root, "scripts/build.mjs"), "--command"], { stdio: "inherit" });
  announceMissingPeers();
  const obstacle = await whyNoNetworks();
  if (obstacle !== undefined) process.stderr.write(`SKIPPED: ${obstacle}; tests with hosts of their own do not run\n`);
}
