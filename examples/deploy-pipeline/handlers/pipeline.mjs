/** What the handlers and services of all roles share. Nothing that comes with an event is ever put into a line for a shell, or into a path unchecked. */

import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { createReadStream, readFileSync } from "node:fs";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";

/** Where this node keeps its part of the pipeline. */
export const home = "/srv/pipeline";
export const registryPort = 5000;
const tokenFile = "/etc/serf/registry-token";

const namePattern = /^[a-z0-9][a-z0-9-]{0,62}$/;
const digestPattern = /^sha256:[0-9a-f]{64}$/;
/** No blanks, quotes or option marks; no transport of git's that runs a program. */
const urlPattern = /^(https?|git|ssh):\/\/[\w@][\w.~:@/%+-]*$/;
const reasonLengthMax = 200;

/** Throws for what is no name of an application. */
export function checkName(text) {
  if (!namePattern.test(text)) throw new Error(`not a name: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

export function checkDigest(text) {
  if (!digestPattern.test(text)) throw new Error(`not a digest: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

function checkUrl(text) {
  if (!urlPattern.test(text)) throw new Error(`not the URL of a git repository: ${JSON.stringify(text.slice(0, 80))}`);
  return text;
}

/**
 * What is to be compiled, of all ways to write it: event "compile" with the payload "name|url" or "url", and event "compile|url" or
 * "compile|name|url". Without a name it is the last part of the URL.
 */
export function readCompile(event, payload) {
  const text = event === "compile" ? payload : event.slice("compile|".length);
  const bar = text.indexOf("|");
  const url = checkUrl(text.slice(bar + 1));
  const name = bar < 0 ? (url.split("/").at(-1) ?? "").replace(/\.git$/, "") : text.slice(0, bar);
  return { name: checkName(name), url };
}

/** The payload of the event, without the line feed that the agent adds. */
export async function readPayload() {
  let text = "";
  for await (const chunk of process.stdin) text += chunk;
  return text.replace(/\n$/, "");
}

/** Runs a program without a shell, to its end. */
export async function run(program, args, options = {}) {
  const { stdout } = await promisify(execFile)(program, args, { timeout: 120_000, maxBuffer: 1 << 20, ...options });
  return stdout;
}

/** Tells the cluster. Not coalesced: two of one name within a second are two. */
export async function announce(event, ...fields) {
  await run("serf", ["event", "-coalesce=false", event, fields.join("|")]);
}

/** Tells the cluster what went wrong, in one short line. */
export async function announceFailure(event, error) {
  const reason = error.message.replaceAll(/[^ \p{L}\p{M}\p{N}\p{P}\p{S}]+/gu, " ").slice(0, reasonLengthMax);
  console.log(`${event}: ${reason}`);
  await announce(event, reason);
}

/** Where the store is: the cluster knows, and no event is asked. */
export async function findStore() {
  const members = JSON.parse(
    await run("serf", ["members", "-tag", "role=store", "-status", "alive", "-format", "json"]),
  );
  const [store] = members.members ?? [];
  if (store === undefined) throw new Error("there is no store");
  return `http://${store.addr.replace(/:\d+$/, "")}:${registryPort}`;
}

/** What the store and those who push to it share. */
export function readRegistryToken() {
  return readFileSync(tokenFile, "utf8").trim();
}

export async function digestOf(path) {
  const hash = createHash("sha256");
  await pipeline(createReadStream(path), hash);
  return `sha256:${hash.digest("hex")}`;
}
