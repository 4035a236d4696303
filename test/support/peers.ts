/** The real programs that tests run against. Where one is missing its tests are skipped, with one line that says so; CI forbids that. */

import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";

/** The Debian packages of each peer: the first holds its program. The same as in `scripts/install-peers.sh`. */
export const peerPackages = {
  serf: "serf",
  go: "golang-go golang-github-hashicorp-serf-dev",
  haproxy: "haproxy",
  nginx: "nginx-light",
  dig: "bind9-dnsutils",
  ip: "iproute2",
  nft: "nftables",
  python3: "python3",
  faketime: "faketime",
  git: "git",
  zsh: "zsh",
  fish: "fish",
  "systemd-analyze": "systemd",
  curl: "curl",
  socat: "socat",
  "s6-svscan": "s6",
  promtool: "prometheus",
  nagios4: "nagios4-core msmtp-mta",
} as const satisfies Readonly<Record<string, string>>;

export type PeerName = keyof typeof peerPackages;

/** Where Debian puts them; looked at before the path, where another of the same name might be our own. */
const packagedFolders = ["/usr/bin", "/usr/sbin", "/bin", "/sbin"];

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
  for (const name of Object.keys(peerPackages) as PeerName[]) {
    if (requirePeer(name) === undefined) process.stderr.write(`SKIPPED: ${missing(name)}; its tests do not run\n`);
  }
}

function missing(name: PeerName): string {
  return `the peer "${name}" is not installed (apt-get install ${peerPackages[name]}, or sh scripts/install-peers.sh)`;
}

function findProgram(name: string): string | undefined {
  const folders = [...packagedFolders, ...(process.env["PATH"] ?? "").split(delimiter)];
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
