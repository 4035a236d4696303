// dist/serf.cjs: the command, bundled so that it starts fast (CommonJS starts some 4 ms sooner than a module). dist/serf-agent.cjs: `serf agent` and `serf dev`,
// apart because every other command would pay some 10 ms for reading its half megabyte. dist/serf-simulate.cjs: what `serf simulate` does, apart for the same reason. dist/serf-plugin-thread.cjs: what runs in a plugin's thread, with the
// plugins in the box. dist/serf-re2js.cjs: regular expressions, for the agent. dist/serf-plugins.cjs: `serf-ts/plugins`, for plugins whose folder has none. dist/**: the library, one module a source file, with
// types. dist/man: the manual pages. dist/THIRD-PARTY-LICENSES.txt: the licenses of the packages inside the bundles, which ask to be passed on.
// `--command` leaves all but the bundles out: `./serf` needs no more.

import { execFileSync } from "node:child_process";
import { chmodSync, mkdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { loadSource } from "./load-source.mjs";
import { thirdPartyLicenses } from "./third-party-licenses.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
mkdirSync(dist, { recursive: true });

/** Leaves the agent out of the command's bundle, to be loaded from its own. */
const agentApart = {
  name: "agent-apart",
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\/with-agent\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./serf-agent.cjs", external: true } : undefined,
    );
  },
};

/** Leaves the simulator and its charts out of the command's bundle. */
const simulatorApart = {
  name: "simulator-apart",
  setup(bundle) {
    bundle.onResolve({ filter: /^\.\.\/simulate\/simulate\.ts$/ }, ({ kind }) =>
      kind === "dynamic-import" ? { path: "./serf-simulate.cjs", external: true } : undefined,
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

/**
 * What the agent's bundle loads only when it is first called. Most agents run no handlers and no plugins, write no files and are sent no regular expression,
 * and each of these costs 0.1 to 1 MB of memory: re2js, in a bundle of its own, has tables of all of Unicode. What is imported and not named here fails the build.
 */
const lateFunctions = {
  "node:child_process": ["spawn", "spawnSync"],
  "node:fs/promises": ["open", "rename", "rm"],
  "node:readline": ["createInterface"],
  "node:timers/promises": ["setTimeout"],
  "node:vm": ["runInNewContext"],
};
const lateModules = {
  ...Object.fromEntries(Object.entries(lateFunctions).map(([path, names]) => [path, forwardCalls(path, names)])),
  "node:worker_threads":
    'export function Worker(...given) { return new (require("node:worker_threads").Worker)(...given); }',
  re2js: 'export const RE2JS = { compile: (expression) => require("./serf-re2js.cjs").RE2JS.compile(expression) };',
};
/** What the command needs but for an agent that is elsewhere: the executable has sockets of its own. */
const lateModulesOfCommand = { "node:net": forwardCalls("node:net", ["connect"]) };

function loadedLate(modules) {
  const namespace = "late";
  return {
    name: "loaded-late",
    setup(bundle) {
      bundle.onResolve({ filter: /^(node:|re2js$)/ }, ({ path, kind }) =>
        kind === "import-statement" && path in modules ? { path, namespace } : undefined,
      );
      bundle.onResolve({ filter: /^\.\/serf-re2js\.cjs$/, namespace }, ({ path }) => ({ path, external: true }));
      bundle.onLoad({ filter: /./, namespace }, ({ path }) => ({ contents: modules[path], resolveDir: root }));
    },
  };
}

function forwardCalls(path, names) {
  const forward = (name) => `export function ${name}(...given) { return require("${path}").${name}(...given); }`;
  return names.map(forward).join("\n");
}

/** Every source file in a bundle. */
const bundled = new Set();
const plugins = [agentApart, simulatorApart, pluginsApart];
const bundles = ["serf-plugin-thread", "serf-plugins", "serf-re2js", "serf-agent", "serf-simulate", "serf"];
// Behind a require(), esbuild makes a function of each module: V8 then parses one after another and needs 2 MB less for it, which an agent keeps for life.
await bundle(undefined, "serf-agent", {
  stdin: { contents: 'module.exports = require("./src/cli/commands/with-agent.ts");', resolveDir: root },
  plugins: [...plugins, loadedLate(lateModules)],
});
// V8 keeps the text of all it has read: a fifth of an agent's, for an expression that few are ever sent.
await bundle(undefined, "serf-re2js", { stdin: { contents: 'module.exports = require("re2js");', resolveDir: root } });
await bundle("src/plugins/thread/main.ts", "serf-plugin-thread", {
  supported: {}, // import() stays: a plugin may be a module
  plugins: [],
});
await bundle("src/plugins/index.ts", "serf-plugins");
await bundle("src/cli/simulate/simulate.ts", "serf-simulate");
await bundle("src/cli/main.ts", "serf", { plugins: [...plugins, loadedLate(lateModulesOfCommand)] });

if (!process.argv.includes("--command")) {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  execFileSync(process.execPath, [tsc, "-p", join(root, "tsconfig.build.json")], { stdio: "inherit" });
  writeFileSync(join(dist, "THIRD-PARTY-LICENSES.txt"), thirdPartyLicenses(bundled));
  await writeManPages();
}
for (const name of bundles) renameSync(unfinished(name), join(dist, `${name}.cjs`));

async function bundle(entry, name, options = {}) {
  const { metafile } = await build({
    metafile: true,
    entryPoints: entry && [join(root, entry)],
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
    plugins,
    logLevel: "warning",
    define: { "import.meta.dirname": "__dirname" },
    ...options,
  });
  for (const path of Object.keys(metafile.inputs)) bundled.add(path);
  chmodSync(unfinished(name), 0o755);
}

async function writeManPages() {
  const { renderManPages } = await loadSource("src/cli/man-page.ts");
  rmSync(join(dist, "man"), { recursive: true, force: true }); // pages of commands that are no more
  mkdirSync(join(dist, "man"));
  for (const { fileName, text } of await renderManPages()) writeFileSync(join(dist, "man", fileName), text);
}

/** Written beside its place and renamed: a command that starts meanwhile sees the old build or the new one, never half of it. */
function unfinished(name) {
  return join(dist, `${name}.${process.pid}.tmp.cjs`);
}
