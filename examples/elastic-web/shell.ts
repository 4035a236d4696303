/** Starts the low traffic configuration, and then does what it is told, until Ctrl-C. */

import { createInterface } from "node:readline";
import { eventually } from "../shared/hosts.ts";
import { Containers, lowTraffic, serf } from "./containers.ts";

const help = `start NAME    docker run or start: frontserver2, appserver2, appserver3 …
stop NAME     docker stop
members       serf members
ps            what runs, and where
curl http://proxyserver.node.serf/hello, dig web …: any other command runs on a host beside them; Ctrl-C ends it all`;

const containers = await Containers.create();
let isClosing = false;
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"] as const) process.once(signal, close);

try {
  for (const name of lowTraffic) await start(name);
  await eventually("the first answer", async () => (await containers.hello()).startsWith("Hello"));
  console.log(help);
  const shell = createInterface({ input: process.stdin, output: process.stdout, prompt: "elastic> " });
  shell.once("SIGINT", close);
  shell.prompt();
  for await (const line of shell) {
    await obey(line.trim()).catch((error: Error) => console.log(error.message));
    shell.prompt();
  }
} finally {
  await close();
}

async function obey(line: string): Promise<void> {
  const [word = "", name = ""] = line.split(/\s+/);
  switch (word) {
    case "":
      return;
    case "help":
      return console.log(help);
    case "start":
      return start(name);
    case "stop":
      return containers.stop(name);
    case "ps":
      for (const one of containers.names) console.log(`${one.padEnd(14)} ${containers.host(one).address}`);
      return;
    case "members":
      return console.log(await containers.host("dnsserver").run("node", serf, "members"));
    default:
      console.log((await containers.client.run("sh", "-c", line)).trimEnd());
  }
}

async function start(name: string): Promise<void> {
  const { address } = await containers.start(name);
  console.log(`${name} at ${address}`);
}

async function close(): Promise<void> {
  if (isClosing) return;
  isClosing = true;
  await containers.close();
  process.exit();
}
