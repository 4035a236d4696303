/** The real programs that tests run against. Where one is missing its tests are skipped, with one line that says so; CI forbids that. */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

export type PeerName = "serf";

/** How to get each peer, for the line that says it is missing. */
const installation: Readonly<Record<PeerName, string>> = {
  serf: "apt-get install serf, or sh scripts/install-peers.sh",
};

/** Where Debian puts it; found before any other of the same name on the path, which might be our own. */
const packagedFolder = "/usr/bin";

/**
 * The path of a peer's program, or undefined where it is missing: skip the tests that need it then. With SERF_TS_REQUIRE_PEERS=1 a
 * missing peer is an error.
 */
export function requirePeer(name: PeerName): string | undefined {
  const path = findProgram(name);
  if (path === undefined && process.env["SERF_TS_REQUIRE_PEERS"] === "1") throw new Error(missing(name));
  return path;
}

/** One line for each peer whose tests will be skipped. */
export function announceMissingPeers(): void {
  for (const name of Object.keys(installation) as PeerName[]) {
    if (requirePeer(name) === undefined) process.stderr.write(`SKIPPED: ${missing(name)}; its tests do not run\n`);
  }
}

function missing(name: PeerName): string {
  return `the peer "${name}" is not installed (${installation[name]})`;
}

function findProgram(name: string): string | undefined {
  const folders = [packagedFolder, ...(process.env["PATH"] ?? "").split(delimiter)];
  return folders.map((folder) => join(folder, name)).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
