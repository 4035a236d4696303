// What a release is called and when it was made: for every form in which serf-ts is given to others.

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = dirname(dirname(fileURLToPath(import.meta.url)));
export const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));

/**
 * `version`: that of package.json. `commit`: what was built, if it is not exactly the commit tagged with that version.
 * `epochSeconds`: when it was committed, or SOURCE_DATE_EPOCH: the same sources give the same bytes on any day.
 */
export function describeRelease() {
  const { version } = manifest;
  const epochSeconds = Number(process.env.SOURCE_DATE_EPOCH ?? git("log", "-1", "--format=%ct") ?? 0);
  const isTagged = (git("tag", "--points-at", "HEAD") ?? "").split("\n").includes(`v${version}`);
  const isChanged = (git("status", "--porcelain", "--untracked-files=no") ?? "") !== "";
  const commit = isTagged && !isChanged ? undefined : git("rev-parse", "--short=10", "HEAD");
  return { version, commit, isChanged, epochSeconds };
}

/** What git says, or undefined where there is no git or no clone: in an unpacked archive of the sources. */
function git(...parameters) {
  try {
    return execFileSync("git", parameters, { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}
