/** The build node's handler for compile: clones, builds an image, pushes it to the store. */

import { mkdir, mkdtemp, readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import {
  announceFailure,
  digestOf,
  findStore,
  home,
  readCompile,
  readPayload,
  readRegistryToken,
  run,
} from "./pipeline.mjs";

const imageBytesMax = 256 * 1024 * 1024;

/** Only transports that fetch; nobody to ask for a password. */
const gitEnvironment = { ...process.env, GIT_ALLOW_PROTOCOL: "http:https:git:ssh", GIT_TERMINAL_PROMPT: "0" };

await mkdir(home, { recursive: true });
const work = await mkdtemp(join(home, "build-"));
try {
  const { name, url } = readCompile(process.env.SERF_USER_EVENT ?? "", await readPayload());
  // Bare: nothing is checked out, so no file, link or hook of the repository takes effect here.
  await run("git", ["clone", "--quiet", "--bare", "--", url, join(work, "repository")], { env: gitEnvironment });
  const digest = await build(name, join(work, "image.tar"));
  await push(name, digest, join(work, "image.tar"));
  console.log(`compiled ${name}: ${digest}`);
} catch (error) {
  await announceFailure("compile-failed", error);
  process.exitCode = 1;
} finally {
  await rm(work, { recursive: true, force: true });
}

/** The image is a tar of a manifest and one layer. The same commit gives the same digest. Returns it. */
async function build(name, image) {
  const git = (...args) => run("git", ["--git-dir", join(work, "repository"), ...args]);
  const commit = (await git("rev-parse", "HEAD")).trim();
  const layer = join(work, "layer.tar");
  await git("archive", "--format=tar", "--output", layer, commit);
  const files = (await git("ls-tree", "--name-only", commit)).split("\n");
  const kind = files.includes("Dockerfile") && (await hasDocker()) ? "docker" : "tree";
  const start = kind === "tree" ? checkStart(await git("show", `${commit}:app.json`)) : [];
  if (kind === "docker") await buildByDocker(`pipeline/${name}:${commit}`, layer);
  const manifest = { name, commit, kind, start, layer: await digestOf(layer) };
  await writeFile(join(work, "manifest.json"), `${JSON.stringify(manifest, null, 2)}\n`);
  const reproducible = ["--sort=name", "--mtime=@0", "--owner=0", "--group=0", "--numeric-owner", "--mode=0644"];
  await run("tar", [...reproducible, "-cf", image, "-C", work, "manifest.json", "layer.tar"]);
  return digestOf(image);
}

async function hasDocker() {
  return run("docker", ["info"], { timeout: 10_000 }).then(
    () => true,
    () => false,
  );
}

/** The layer is then what `docker load` takes. */
async function buildByDocker(tag, layer) {
  const context = join(work, "context");
  await mkdir(context);
  await run("tar", ["-xf", layer, "-C", context, "--no-same-owner"]);
  await run("docker", ["build", "--quiet", "--tag", tag, context], { timeout: 600_000 });
  await run("docker", ["save", "--output", layer, tag]);
}

/** What app.json says is to be run: `{"start": ["node", "server.js"]}`. */
function checkStart(text) {
  const { start } = JSON.parse(text);
  const isCommand =
    Array.isArray(start) &&
    start.length > 0 &&
    start.length <= 16 &&
    start.every((word) => typeof word === "string" && word.length <= 256 && !word.includes("\0"));
  if (!isCommand) throw new Error("app.json has no start, a list of a program and its arguments");
  return start;
}

async function push(name, digest, image) {
  const { size } = await stat(image);
  if (size > imageBytesMax) throw new Error(`the image has ${size} bytes, ${imageBytesMax} are allowed`);
  const answer = await fetch(`${await findStore()}/images/${name}/${digest}`, {
    method: "PUT",
    headers: { Authorization: `Bearer ${readRegistryToken()}` },
    body: await readFile(image),
    redirect: "error",
  });
  if (!answer.ok) throw new Error(`the store says HTTP ${answer.status}`);
}
