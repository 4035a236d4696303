/** SIGUSR1 opens Node's inspector to the machine unless somebody listens for it. The command always does. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { createServer, type Socket } from "node:net";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

test("the command does not open the inspector on SIGUSR1, and goes on", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const { port } = silent.address() as { port: number };
  const command = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
  const child = spawn(process.execPath, [command, "members", `-rpc-addr=127.0.0.1:${port}`]);
  let out = "";
  let errors = "";
  child.stdout.on("data", (chunk) => {
    out += chunk;
  });
  child.stderr.on("data", (chunk) => {
    errors += chunk;
  });

  const [agent] = (await once(silent, "connection")) as [Socket];
  child.kill("SIGUSR1");
  // The signal needs no time to be delivered, but the inspector would need some to open.
  await new Promise((resolve) => setTimeout(resolve, 300));
  agent.destroy();
  const [exitCode] = await once(child, "close");
  silent.close();

  expect(errors).toBe("");
  expect([exitCode, out]).toEqual([1, "Error connecting to Serf agent: client closed\n"]);
});
