/** Installs the plugin in a real agent and holds it to what the README says. */

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const command = fileURLToPath(new URL("../../dist/serf.cjs", import.meta.url));
const here = fileURLToPath(new URL(".", import.meta.url));
const agent = spawn(process.execPath, [
  command,
  "agent",
  "-node=example",
  "-bind=127.0.0.1:0",
  "-rpc-addr=127.0.0.1:0",
]);

try {
  const address = await rpcAddress();
  const serf = async (...args: string[]) => {
    const [name = "", ...rest] = args;
    return (await promisify(execFile)(process.execPath, [command, name, `-rpc-addr=${address}`, ...rest])).stdout;
  };
  assert.match(await serf("plugin", "install", here, "least=1"), /^Installed: quorum is running/);
  assert.match(await serf("plugin", "list"), /^quorum +quorum +running +1 alive$/m);
  assert.equal(await serf("plugin", "quorum", "count"), "1 of 1\n");
  assert.match(await serf("members"), /quorum=yes/);
  await serf("plugin", "configure", "quorum", "least=3");
  assert.match(await serf("members"), /quorum=no/);
  assert.match(await serf("plugin", "list"), /1 alive; 3 are needed/);
  agent.kill("SIGINT");
  assert.deepEqual(await once(agent, "exit"), [0, null]);
} finally {
  agent.kill("SIGKILL");
}

/** As the agent prints it when it runs. Its output is read to the end: an agent whose log nobody reads ends. */
function rpcAddress(): Promise<string> {
  let printed = "";
  return new Promise((resolve, reject) => {
    agent.stdout.on("data", (chunk) => {
      printed += chunk;
      const found = /RPC addr: '(.*)'/.exec(printed)?.[1];
      if (found !== undefined && printed.includes("Log data")) resolve(found);
    });
    agent.once("exit", () => reject(new Error(`the agent did not start:\n${printed}`)));
  });
}
