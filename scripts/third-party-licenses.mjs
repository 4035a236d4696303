// The text that goes with a bundle: each package inside it, with the license it came with. Refuses a package that has none.

import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";

/** `paths`: the source files of the bundle. */
export function thirdPartyLicenses(paths) {
  const folders = new Set();
  for (const path of paths) {
    const inPackage = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path);
    if (inPackage !== null) folders.add(resolve(inPackage[0]));
  }
  const packages = [...folders].map(readPackage).sort((a, b) => (a.name < b.name ? -1 : 1));
  const texts = packages.map(
    ({ name, version, license, text }) => `${name} ${version} (${license})\n\n${text.trim()}\n`,
  );
  const rule = `\n${"-".repeat(80)}\n\n`;
  return `serf-ts carries parts of these packages in its files.\n${rule}${texts.join(rule)}`;
}

function readPackage(folder) {
  const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  const file = readdirSync(folder).find((entry) => /^licen[cs]e(\.\w+)?$/i.test(entry));
  if (file === undefined) throw new Error(`${name} has no license file`);
  return { name, version, license, text: readFileSync(join(folder, file), "utf8") };
}
