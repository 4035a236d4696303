// dist/serf.cjs: the command, one bundled file that starts fast (CommonJS starts some 4 ms sooner than a module). dist/**: the library, one module a source file, with types.
// `--command` builds only the first, which is all that `./serf` needs.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
mkdirSync(dist, { recursive: true });

// Written beside its place and renamed: a command that starts meanwhile sees the old build or the new one, never half of it.
const unfinished = join(dist, `serf.${process.pid}.tmp.cjs`);
await build({
  entryPoints: [join(root, "src/cli/main.ts")],
  outfile: unfinished,
  bundle: true,
  platform: "node",
  format: "cjs",
  target: "node20.19",
  minifySyntax: true,
  minifyWhitespace: true,
  legalComments: "none",
  external: ["msgpackr-extract"], // native and optional; the bundle must run without it
  logLevel: "warning",
});
chmodSync(unfinished, 0o755);

if (!process.argv.includes("--command")) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
}
renameSync(unfinished, join(dist, "serf.cjs"));
