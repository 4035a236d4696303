/** Starts the load balancer and three web nodes, and then does what it is told, until Ctrl-C. */

import { mkdirSync } from "node:fs";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { Cluster, lbAddress, type Pool, pools } from "./cluster.ts";

const help = `start NAME    one more node: web4, api1 …
stop NAME     it leaves, and then its service stops
kill NAME     its plug is pulled
servers       what both pages of statistics show
members       serf members
load          what a client has got so far that asks again and again
curl http://${lbAddress}/ …: any other command runs on a host beside them; Ctrl-C ends it all`;

const artefacts = fileURLToPath(new URL("artefacts/", import.meta.url));
mkdirSync(artefacts, { recursive: true });
const cluster = await Cluster.create(artefacts);
let isClosing = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, close);

try {
  for (const name of ["lb", "web1", "web2", "web3"]) await start(name);
  await cluster.installPlugins();
  const load = await cluster.load("web");
  console.log(help);
  const shell = createInterface({ input: process.stdin, output: process.stdout, prompt: "web> " });
  shell.once("SIGINT", close);
  shell.prompt();
  for await (const line of shell) {
    await obey(line.trim(), load).catch((error: Error) => console.log(error.message));
    shell.prompt();
  }
} finally {
  await close();
}

async function obey(line: string, load: () => unknown): Promise<void> {
  const [word = "", name = ""] = line.split(/\s+/);
  switch (word) {
    case "":
      return;
    case "help":
      return console.log(help);
    case "start":
      return start(name);
    case "stop":
      return cluster.hosts.stop(name);
    case "kill":
      return cluster.hosts.host(name).kill();
    case "servers":
      for (const pool of Object.keys(pools) as Pool[])
        console.log(`${pool}: ${(await cluster.servers(pool)).join(", ") || "nobody"}`);
      return;
    case "members":
      return console.log((await cluster.serf("members")).trimEnd());
    case "load":
      return console.log(load());
    default:
      console.log((await cluster.command("sh", "-c", line)).trimEnd());
  }
}

async function start(name: string): Promise<void> {
  const { address } = await cluster.start(name);
  console.log(`${name} at ${address}`);
}

async function close(): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  await cluster.close();
  process.exit();
}
