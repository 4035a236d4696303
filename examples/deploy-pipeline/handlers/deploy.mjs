/** The serve node's handler: pulls what was pushed, verifies it and has it served; disables and deletes containers. */

import { createWriteStream } from "node:fs";
import { mkdir, mkdtemp, readFile, rename, rm } from "node:fs/promises";
import { request } from "node:http";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import {
  announce,
  announceFailure,
  checkDigest,
  checkName,
  digestOf,
  findStore,
  home,
  readPayload,
  run,
} from "./pipeline.mjs";

const event = process.env.SERF_USER_EVENT ?? "";
try {
  const payload = await readPayload();
  if (event === "pushed") await deploy(payload);
  else {
    const name = checkName(payload);
    await tellWeb(event, { name });
    await announce(event === "delete-container" ? "deleted" : "disabled", name);
  }
} catch (error) {
  await announceFailure(`${event}-failed`, error);
  process.exitCode = 1;
}

async function deploy(payload) {
  const [nameText = "", digestText = ""] = payload.split("|");
  const name = checkName(nameText);
  const digest = checkDigest(digestText);
  await mkdir(join(home, "apps", name), { recursive: true });
  const work = await mkdtemp(join(home, "pull-"));
  try {
    await pull(name, digest, join(work, "image.tar"));
    await unpack(name, work);
    const place = join(home, "apps", name, digest.slice("sha256:".length));
    await rm(place, { recursive: true, force: true });
    await rename(join(work, "image"), place);
    await tellWeb("start", { name, digest });
  } finally {
    await rm(work, { recursive: true, force: true });
  }
  await announce("serving", name, digest);
  console.log(`serving ${name}: ${digest}`);
}

async function pull(name, digest, path) {
  const answer = await fetch(`${await findStore()}/images/${name}/${digest}`, { redirect: "error" });
  if (!answer.ok || answer.body === null) throw new Error(`the store says HTTP ${answer.status}`);
  await pipeline(Readable.fromWeb(answer.body), createWriteStream(path));
  const found = await digestOf(path);
  if (found !== digest) throw new Error(`the image of ${name} has digest ${found}, and was announced as ${digest}`);
}

/** Into `image`: manifest.json, and root, which whoever runs it may read and not write. */
async function unpack(name, work) {
  const image = join(work, "image");
  await mkdir(join(image, "root"), { recursive: true });
  await run("tar", ["-xf", join(work, "image.tar"), "-C", image, "--no-same-owner", "manifest.json", "layer.tar"]);
  const manifest = JSON.parse(await readFile(join(image, "manifest.json"), "utf8"));
  const layer = join(image, "layer.tar");
  if (manifest.name !== name || manifest.layer !== (await digestOf(layer)))
    throw new Error(`the manifest of ${name} does not fit its image`);
  if (manifest.kind === "docker") await run("docker", ["load", "--quiet", "--input", layer]);
  else await run("tar", ["-xf", layer, "-C", join(image, "root"), "--no-same-owner"]);
  await rm(layer);
  await run("chmod", ["-R", "go=u-w", image]);
}

/** The service that runs containers listens at a socket that only root reaches. */
function tellWeb(action, order) {
  return new Promise((resolve, reject) => {
    const asked = request({ socketPath: join(home, "web.sock"), method: "POST", path: `/${action}`, timeout: 30_000 });
    asked.on("response", async (response) => {
      let text = "";
      for await (const chunk of response) text += chunk;
      if (response.statusCode === 200) resolve(undefined);
      else reject(new Error(text.trim()));
    });
    asked.on("timeout", () => asked.destroy(new Error("the web service does not answer")));
    asked.on("error", reject);
    asked.end(JSON.stringify(order));
  });
}
