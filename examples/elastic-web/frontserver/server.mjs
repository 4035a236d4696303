// Greets, and has an appserver do the work: one that DNS names, another each time.

import { Resolver } from "node:dns/promises";
import { createServer } from "node:http";
import { hostname } from "node:os";

const resolver = new Resolver({ timeout: 1000, tries: 3 });

/** Each in turn, as DNS has drawn them, until one answers. */
async function askAppServer(path) {
  let failure = new Error("no appserver is there");
  for (const { name, port } of await resolver.resolveSrv("appserver.role.serf")) {
    try {
      const [address] = await resolver.resolve4(name);
      const response = await fetch(`http://${address}:${port}${path}`, { signal: AbortSignal.timeout(2000) });
      return await response.text();
    } catch (error) {
      failure = error;
    }
  }
  throw failure;
}

createServer(async ({ url }, response) => {
  if (url === "/health") return response.end("healthy\n");
  try {
    response.end(`Hello ${hostname()}, I'm ${await askAppServer(url)} !\n`);
  } catch (error) {
    response.writeHead(503).end(`${hostname()} finds nobody to ask: ${error.message}\n`);
  }
}).listen(8080);
