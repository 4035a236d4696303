// Checks the package as it would be published: packs it, lets publint and arethetypeswrong judge the tarball, holds its list of
// files against what belongs there, installs it in an empty project and imports every export from there.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const manifest = JSON.parse(readFileSync(join(root, "package.json"), "utf8"));
const folder = mkdtempSync(join(tmpdir(), "serf-ts-package-"));
const shell = { cwd: root, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] };

try {
  const [packed] = JSON.parse(
    execFileSync("npm", ["pack", "--json", "--ignore-scripts", "--pack-destination", folder], shell),
  );
  const tarball = join(folder, packed.filename);
  const strays = packed.files
    .map((file) => file.path)
    .filter(
      (path) =>
        !/^(dist\/.*\.(js|cjs|d\.ts)|README\.md|CHANGELOG\.md|LICENSE|package\.json)$/.test(path) ||
        path.includes(".test."),
    );
  if (strays.length > 0) throw new Error(`files that do not belong in the package: ${strays.join(", ")}`);

  execFileSync("npx", ["--no-install", "publint", "run", tarball, "--strict"], { ...shell, stdio: "inherit" });
  execFileSync("npx", ["--no-install", "attw", tarball, "--profile", "esm-only", "--no-emoji"], {
    ...shell,
    stdio: "inherit",
  });

  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: "stranger", private: true, type: "module" }));
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", tarball], { ...shell, cwd: folder });
  for (const name of Object.keys(manifest.exports)) {
    if (name.endsWith(".json")) continue;
    const specifier = name.replace(/^\./, manifest.name);
    const count = `const m = await import(${JSON.stringify(specifier)}); console.log(Object.keys(m).length)`;
    const exported = Number(
      execFileSync(process.execPath, ["--input-type=module", "-e", count], { ...shell, cwd: folder }),
    );
    if (!(exported > 0)) throw new Error(`${specifier} exports nothing`);
    console.log(`${specifier}: ${exported} exports`);
  }
  const version = execFileSync(join(folder, "node_modules/.bin/serf"), ["version"], { ...shell, cwd: folder });
  console.log(
    `serf version, installed: ${version.split("\n")[0]}; ${packed.entryCount} files, ${Math.round(packed.size / 1024)} KiB packed`,
  );
} finally {
  rmSync(folder, { recursive: true, force: true });
}
