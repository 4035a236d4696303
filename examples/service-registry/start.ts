/** Starts the hosts, and runs on client1 what is typed. */

import { createInterface } from "node:readline";
import { names, Registry } from "./registry.ts";

const registry = await Registry.create();
process.once("SIGTERM", () => void registry.close().finally(() => process.exit(1)));
try {
  for (const name of names) console.log(`${name} at ${(await registry.start(name)).address}`);
  console.log(
    `configuration of client1: ${registry.folderOf("client1")}; try: serf members, dig +short api.role.serf, stop memcache2`,
  );
  const terminal = createInterface({ input: process.stdin, output: process.stdout, prompt: "client1> " });
  terminal.on("SIGINT", () => terminal.close());
  terminal.prompt();
  for await (const line of terminal) {
    const [program = "", ...args] = line.trim().split(/\s+/);
    try {
      if (program === "start") console.log(`at ${(await registry.start(args[0] ?? "")).address}`);
      else if (program === "stop") await registry.stop(args[0] ?? "");
      else if (program === "serf") console.log((await registry.serf("client1", ...args)).trimEnd());
      else if (program !== "") console.log((await registry.host("client1").run(program, ...args)).trimEnd());
    } catch (error) {
      console.log(error instanceof Error ? error.message : error);
    }
    terminal.prompt();
  }
} finally {
  await registry.close();
}
process.exit();
