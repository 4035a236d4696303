// out/serf: the command as one executable that needs no Node, for the system it is built on. Bun's compiler joins the bundles of dist with
// the runtime and their bytecode. It is installed on its own, in scripts/standalone, by its lockfile: a clone that builds no executable need not fetch it.

import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const dist = join(root, "dist");
const out = join(root, "out");
const compilerFolder = join(root, "scripts/standalone");
/** Where the executable finds what is inside it. */
const embedded = "/$bunfs/root";
/** The command first; the others are loaded by name: parts of the command, and what runs in threads. */
const bundles = ["serf", "serf-agent", "serf-simulate", "serf-plugin-thread", "serf-plugins", "serf-re2js"];

run(process.execPath, join(root, "scripts/prepare.mjs"), "--command");
/** In a folder of its own, since its name is in its bytes: the same sources give the same file. */
const workshop = join(out, `standalone.${process.pid}.tmp`);
mkdirSync(workshop, { recursive: true });
process.on("exit", () => rmSync(workshop, { recursive: true, force: true }));
const unfinished = join(workshop, "serf");
run(
  findCompiler() ?? installCompiler(),
  ...["build", "--compile", "--bytecode", "--minify"],
  // A `.env` or a bunfig.toml where the command happens to be run is another program's.
  ...["--no-compile-autoload-dotenv", "--no-compile-autoload-bunfig"],
  // As src/cli/late-optimization.ts has it of V8: a command has ended, and an agent is idle, before compiling has paid.
  "--compile-jit-policy=10",
  ...["--define", `__dirname=${JSON.stringify(embedded)}`],
  ...bundles.map((name) => join(dist, `${name}.cjs`)),
  ...["--outfile", unfinished],
);
const said = [[process.execPath, join(dist, "serf.cjs")], [unfinished]].map(([command, ...parameters]) =>
  execFileSync(command, [...parameters, "version"], { encoding: "utf8" }),
);
if (said[0] !== said[1]) throw new Error(`the executable says it is ${said[1]}, not ${said[0]}`);
renameSync(unfinished, join(out, "serf"));
console.error(`out/serf: ${(statSync(join(out, "serf")).size / 1e6).toFixed(0)} MB`);

function installCompiler() {
  console.error("serf-ts: installing the compiler (first run) ...");
  // Its script would only move the program that is looked for here.
  run("npm", "ci", "--prefix", compilerFolder, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error");
  return findCompiler() ?? fail("Bun has no compiler for this system");
}

/** npm installs just the package that is for this system. One of another version than the lockfile's does not count. */
function findCompiler() {
  const { bun: wanted } = readJson(join(compilerFolder, "package.json")).dependencies;
  const packages = join(compilerFolder, "node_modules/@oven");
  const folders = existsSync(packages) ? readdirSync(packages).map((name) => join(packages, name)) : [];
  const folder = folders.find((path) => readJson(join(path, "package.json")).version === wanted);
  return folder && join(folder, "bin/bun");
}

function readJson(path) {
  return JSON.parse(readFileSync(path, "utf8"));
}

/** stdout is for what is asked for: tools talk on stderr. */
function run(program, ...parameters) {
  execFileSync(program, parameters, { cwd: compilerFolder, stdio: ["ignore", 2, 2] });
}

function fail(why) {
  throw new Error(why);
}
