/**
 * The store node's registry: `PUT /images/NAME/DIGEST` with the token, `GET /images/NAME/DIGEST`, `GET /images`. What was put under its right
 * digest is announced to the cluster: event pushed, "NAME|DIGEST".
 */

import { createHash, randomUUID, timingSafeEqual } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, readdir, rename, rm, stat } from "node:fs/promises";
import { createServer } from "node:http";
import { join } from "node:path";
import { Transform } from "node:stream";
import { pipeline } from "node:stream/promises";
import { announce, checkDigest, checkName, home, readRegistryToken, registryPort } from "./pipeline.mjs";

const imageBytesMax = 256 * 1024 * 1024;
const images = join(home, "images");
const token = readRegistryToken();
if (token.length < 16) throw new Error("the registry token must have 16 characters at least");
await mkdir(images, { recursive: true });

class Refusal extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

createServer((request, response) => {
  answer(request, response).catch((error) => {
    const status = error instanceof Refusal ? error.status : 500;
    console.log(`${request.method} ${JSON.stringify(request.url)}: ${status} ${error.message}`);
    if (response.headersSent) return response.destroy();
    response.writeHead(status, { "Content-Type": "application/json", Connection: "close" });
    response.end(`${JSON.stringify({ error: error.message })}\n`);
  });
}).listen(registryPort, "0.0.0.0", () => console.log(`the registry listens at port ${registryPort}`));

async function answer(request, response) {
  const { method, url } = request;
  if (method === "GET" && url === "/images") return sendJson(response, 200, await listImages());
  const [, nameText, digestText] = /^\/images\/([^/]+)\/([^/]+)$/.exec(url ?? "") ?? [];
  if (nameText === undefined) throw new Refusal(404, "there is /images and /images/NAME/DIGEST");
  const [name, digest] = readPlace(nameText, digestText);
  const path = join(images, name, digest);
  if (method === "GET") {
    const { size } = await stat(path).catch(() => {
      throw new Refusal(404, "there is no such image");
    });
    response.writeHead(200, { "Content-Type": "application/x-tar", "Content-Length": size });
    return pipeline(createReadStream(path), response);
  }
  if (method !== "PUT") throw new Refusal(405, "GET and PUT are allowed");
  if (!isAuthorized(request.headers.authorization ?? "")) throw new Refusal(401, "the token is missing or wrong");
  await receive(request, path, digest);
  await announce("pushed", name, digest);
  console.log(`stored ${name} ${digest}`);
  return sendJson(response, 201, { name, digest });
}

function readPlace(name, digest) {
  try {
    return [checkName(name), checkDigest(digest)];
  } catch (error) {
    throw new Refusal(400, error.message);
  }
}

/** Digests are compared: they have one length, and take one time. */
function isAuthorized(authorization) {
  const hash = (text) => createHash("sha256").update(text).digest();
  return timingSafeEqual(hash(authorization), hash(`Bearer ${token}`));
}

/** Nothing stands under a digest that is not its own. */
async function receive(request, path, digest) {
  const temporary = join(images, `.${randomUUID()}`);
  const hash = createHash("sha256");
  let bytes = 0;
  const meter = new Transform({
    transform(chunk, _encoding, done) {
      bytes += chunk.length;
      hash.update(chunk);
      done(bytes > imageBytesMax ? new Refusal(413, `an image has at most ${imageBytesMax} bytes`) : null, chunk);
    },
  });
  try {
    await pipeline(request, meter, createWriteStream(temporary, { mode: 0o600, flush: true }));
    if (`sha256:${hash.digest("hex")}` !== digest) throw new Refusal(400, "the image has another digest");
    await mkdir(join(path, ".."), { recursive: true });
    await rename(temporary, path);
  } finally {
    await rm(temporary, { force: true });
  }
}

async function listImages() {
  const listed = {};
  for (const name of (await readdir(images)).filter((entry) => !entry.startsWith(".")).sort())
    listed[name] = await readdir(join(images, name));
  return listed;
}

function sendJson(response, status, value) {
  response.writeHead(status, { "Content-Type": "application/json" }).end(`${JSON.stringify(value)}\n`);
}
