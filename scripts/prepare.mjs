// Brings a clone into working order: dependencies as the lockfile names them, and a build newer than the sources.
// `./serf` and `npm test` call it; on a clone that is in order it does nothing. Plain Node, since nothing is installed yet.

import { execFileSync } from "node:child_process";
import { existsSync, lstatSync, mkdirSync, readdirSync, rmSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const onlyCommand = process.argv.includes("--command");
const oldestNode = [20, 19];

const [major = 0, minor = 0] = process.versions.node.split(".").map(Number);
if (major < oldestNode[0] || (major === oldestNode[0] && minor < oldestNode[1])) {
  console.error(`serf-ts needs Node ${oldestNode.join(".")} or newer; this is ${process.versions.node}.`);
  process.exit(1);
}

withLock(() => {
  if (!isBorrowed() && isStale(join(root, "node_modules", ".package-lock.json"), [join(root, "package-lock.json")])) {
    console.error("serf-ts: installing dependencies (first run, or they have changed) ...");
    // stdout is the command's: npm talks on stderr.
    execFileSync("npm", ["ci", "--no-audit", "--no-fund", "--loglevel=error"], {
      cwd: root,
      stdio: ["ignore", 2, 2],
      shell: process.platform === "win32",
    });
  }
  const sources = [join(root, "src"), join(root, "package.json"), join(root, "scripts", "build.mjs")];
  const products = onlyCommand ? ["serf.cjs"] : ["serf.cjs", "index.js"];
  if (products.some((product) => isStale(join(root, "dist", product), sources))) {
    console.error("serf-ts: building ...");
    execFileSync(process.execPath, [join(root, "scripts", "build.mjs"), ...(onlyCommand ? ["--command"] : [])], {
      cwd: root,
      stdio: ["ignore", 2, 2],
    });
  }
});

/** A link to another clone's dependencies, as in a second worktree: `npm ci` would empty them under that clone's feet. */
function isBorrowed() {
  return lstatSync(join(root, "node_modules"), { throwIfNoEntry: false })?.isSymbolicLink() ?? false;
}

/** True if `product` is missing or older than the newest of `sources`. */
function isStale(product, sources) {
  if (!existsSync(product)) return true;
  const builtAt = statSync(product).mtimeMs;
  return sources.some((source) => newestIn(source) > builtAt);
}

function newestIn(path) {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((newest, name) => Math.max(newest, newestIn(join(path, name))), stat.mtimeMs);
}

/** Two first runs at once must not install into each other: the second waits for the first, then finds all in order. */
function withLock(work) {
  const lock = join(root, ".prepare.lock");
  const deadline = Date.now() + 10 * 60_000;
  for (;;) {
    try {
      mkdirSync(lock);
      break;
    } catch (error) {
      if (error.code !== "EEXIST") throw error;
      const ageMs = Date.now() - (statSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
      if (ageMs > 10 * 60_000) rmSync(lock, { recursive: true, force: true }); // left behind by a run that was killed
      if (Date.now() > deadline) throw new Error(`another run holds ${lock}; remove it if none is going on`);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 200);
    }
  }
  const release = () => rmSync(lock, { recursive: true, force: true });
  process.once("SIGINT", () => {
    release();
    process.exit(130);
  });
  try {
    work();
  } finally {
    release();
  }
}
