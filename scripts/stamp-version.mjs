// `npm version X` runs this between writing package.json and committing: puts the new version wherever else it stands, and closes the changelog's
// section. What it changes is committed, and tagged vX, by npm.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { manifest, root } from "./release.mjs";

const { version } = manifest;
const today = new Date().toISOString().slice(0, 10);

/** In the name of an image or of a package's file. */
const named = /(?<=serf-ts[:-])\d+\.\d+\.\d+(?:-[a-z]+\.\d+)?/g;

/** What to replace in which file, everywhere in it. */
const places = [
  ["src/cli/version.ts", /(?<=version = ")[^"]+/g, version],
  ["deploy/kubernetes/serf.yaml", named, version],
  ["deploy/nomad/serf.nomad.hcl", named, version],
  ["docs/INSTALL.md", named, version],
  ["CHANGELOG.md", /^## Unreleased$/m, `## Unreleased\n\n## ${version} (${today})`],
];

for (const [path, pattern, replacement] of places) {
  const file = join(root, path);
  const text = readFileSync(file, "utf8");
  if (text.search(pattern) < 0) throw new Error(`${path} has no place for a version: ${pattern}`);
  writeFileSync(file, text.replace(pattern, replacement));
}
execFileSync("git", ["add", ...places.map(([path]) => path)], { cwd: root, stdio: "inherit" });
