// dist/serf.cjs: the command, bundled so that it starts fast (CommonJS starts some 4 ms sooner than a module). dist/serf-agent.cjs: `serf agent`,
// apart because every other command would pay some 10 ms for reading its half megabyte. dist/serf-plugin-thread.cjs: what runs in a plugin's thread, with the
// plugins in the box. dist/serf-plugins.cjs: `serf-ts/plugins`, for plugins whose folder has none. dist/**: the library, one module a source file, with
// types. `--command` leaves the library out: `./serf` does not need it.

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

/** Leaves the plugins in the box out wherever only their names are needed: they run in threads of their own. */
const pluginsApart = {
  name: "plugins-apart",
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\/[a-z]+\/index\.ts$/ }, ({ kind, importer }) =>
      kind === "dynamic-import" && importer.endsWith("built-in.ts")
        ? { path: "./serf-plugin-thread.cjs", external: true }
        : undefined,
    );
  },
};

const bundles = ["serf-plugin-thread", "serf-plugins", "serf-agent", "serf"];
await bundle("src/cli/commands/agent.ts", "serf-agent");
await bundle("src/plugins/thread/main.ts", "serf-plugin-thread", {
  supported: {}, // import() stays: a plugin may be a module
  plugins: [],
});
await bundle("src/plugins/index.ts", "serf-plugins");
await bundle("src/cli/main.ts", "serf");

if (!process.argv.includes("--command")) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
}
for (const name of bundles) renameSync(unfinished(name), join(dist, `${name}.cjs`));

async function bundle(entry, name, options = {}) {
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
    plugins: [agentApart, pluginsApart],
    logLevel: "warning",
    define: { "import.meta.dirname": "__dirname" },
    ...options,
  });
  chmodSync(unfinished(name), 0o755);
}

/** Written beside its place and renamed: a command that starts meanwhile sees the old build or the new one, never half of it. */
function unfinished(name) {
  return join(dist, `${name}.${process.pid}.tmp.cjs`);
}
