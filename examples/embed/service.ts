/**
 * A cache of short texts, spread over as many copies of this service as run. Each answers for every key, by asking the member that owns it.
 * Settings come from the environment: NAME, HTTP and BIND (address:port), JOIN (addresses, with commas), SNAPSHOT (a file), PROFILE.
 */

import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { text } from "node:stream/consumers";
import { createSerf, type MemberlistProfile, memberlistProfiles, type SerfMember } from "serf-ts";
import { ownerOf } from "./rendezvous.ts";

const {
  NAME = "a",
  HTTP = "127.0.0.1:8081",
  BIND = "127.0.0.1:7946",
  JOIN = "",
  SNAPSHOT = "",
  PROFILE = "lan",
} = process.env;
const cache = new Map<string, string>();

const node = await createSerf({
  nodeName: NAME,
  bind: BIND,
  tags: { role: "cache", http: HTTP },
  snapshotPath: SNAPSHOT,
  memberlist: memberlistProfiles[PROFILE as MemberlistProfile],
});
if (JOIN !== "") await node.join(JOIN.split(","));

const [hostname = "", port] = HTTP.split(":");
const server = createServer((request, response) => {
  handle(request, response).catch((error: Error) => reply(response, 502, `${error.message}\n`));
}).listen(Number(port), hostname, () => console.log(`${NAME}: http://${HTTP}, cluster at ${BIND}`));

process.once("SIGTERM", async () => {
  server.close();
  await node.leave();
});

for await (const event of node.events()) {
  switch (event.kind) {
    case "user":
      if (event.name === "flush") cache.clear();
      break;
    case "query":
      if (event.name === "count") event.respond(String(cache.size));
      break;
    case "missed":
      console.log(`${NAME}: too slow, ${event.count} events were lost`);
      break;
    default:
      console.log(`${NAME}: ${event.kind} ${event.members.map(({ name }) => name).join(" ")}`);
  }
}

/** Those that hold a part of the cache now. */
function caches(): readonly SerfMember[] {
  return node.members().filter(({ status, tags }) => status === "alive" && tags["role"] === "cache");
}

async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const path = request.url ?? "/";
  const route = `${request.method} ${path.replace(/^\/cache\/.+/, "/cache/KEY")}`;
  switch (route) {
    case "GET /members":
      return reply(
        response,
        200,
        node.members().map(({ name, status, tags }) => ({ name, status, http: tags["http"] })),
      );
    case "GET /count":
      return reply(response, 200, await countEverywhere());
    case "POST /flush":
      await node.userEvent("flush");
      return reply(response, 202, "flushing\n");
    case "GET /cache/KEY":
    case "PUT /cache/KEY":
      return handleKey(decodeURIComponent(path.slice("/cache/".length)), request, response);
    default:
      return reply(response, 404, "GET /members, GET /count, POST /flush, GET or PUT /cache/KEY\n");
  }
}

async function handleKey(key: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
  const owner = ownerOf(key, caches());
  const body = request.method === "PUT" ? await text(request) : undefined;
  // Who was asked by another copy answers itself: two that see different members must not ask each other for ever.
  if (owner !== undefined && owner.name !== NAME && request.headers["x-asked-by"] === undefined) {
    const asked = await fetch(`http://${owner.tags["http"]}/cache/${encodeURIComponent(key)}`, {
      method: request.method ?? "GET",
      headers: { "x-asked-by": NAME },
      ...(body !== undefined && { body }),
    });
    return reply(response, asked.status, await asked.text());
  }
  if (body !== undefined) cache.set(key, body);
  const value = cache.get(key);
  reply(response, value === undefined ? 404 : 200, value === undefined ? `no ${key}\n` : `${value} (from ${NAME})\n`);
}

/** Asks every copy how many entries it has. Who is down does not answer, and is not waited for. */
async function countEverywhere(): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for await (const answer of node.query("count", "", { filterTags: { role: "^cache$" } }))
    if (answer.kind === "response") counts[answer.from] = Number(Buffer.from(answer.payload).toString());
  return counts;
}

function reply(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status);
  response.end(typeof body === "string" ? body : `${JSON.stringify(body)}\n`);
}
