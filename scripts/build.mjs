// dist/serf.cjs: the command, bundled so that it starts fast (CommonJS starts some 4 ms sooner than a module). dist/serf-agent.cjs: `serf agent`,
// apart because every other command would pay some 10 ms for reading its half megabyte. dist/**: the library, one module a source file, with types.
// `--command` builds only the first two, which is all that `./serf` needs.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
mkdirSync(dist, { recursive: true });

/** Leaves the agent out of the command's bundle, to be loaded from its own. */
const agentApart = {
  name: "agent-apart",
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\/agent\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./serf-agent.cjs", external: true } : undefined,
    );
  },
};

await bundle("src/cli/commands/agent.ts", "serf-agent");
await bundle("src/cli/main.ts", "serf");

if (!process.argv.includes("--command")) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
}
for (const name of ["serf-agent", "serf"]) renameSync(unfinished(name), join(dist, `${name}.cjs`));

async function bundle(entry, name) {
  await build({
    entryPoints: [join(root, entry)],
    outfile: unfinished(name),
    bundle: true,
    platform: "node",
    format: "cjs",
    target: "node20.19",
    supported: { "dynamic-import": false }, // becomes require(): no second module loader
    minifySyntax: true,
    minifyWhitespace: true,
    legalComments: "none",
    external: ["msgpackr-extract"], // native and optional; the bundle must run without it
    plugins: [agentApart],
    logLevel: "warning",
  });
  chmodSync(unfinished(name), 0o755);
}

/** Written beside its place and renamed: a command that starts meanwhile sees the old build or the new one, never half of it. */
function unfinished(name) {
  return join(dist, `${name}.${process.pid}.tmp.cjs`);
}
