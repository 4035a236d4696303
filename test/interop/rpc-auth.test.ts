/** The token that guards an agent's RPC, and the two environment variables of every command. */

import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Agent } from "../support/agent.ts";
import { pairings } from "../support/directions.ts";
import { requirePeer } from "../support/peers.ts";
import { useSandbox } from "../support/sandbox.ts";
import { serfCommand } from "../support/serf-command.ts";

for (const { title, command, agent: agentKind } of pairings) {
  describe.skipIf(requirePeer("serf") === undefined).concurrent(`rpc auth: ${title}`, () => {
    const sandbox = useSandbox();
    let agent: Agent;

    test.sequential("the right token opens the agent", async () => {
      const file = join(await sandbox.folder(), "auth.json");
      await writeFile(file, JSON.stringify({ rpc_auth: "sesame" }));
      agent = await sandbox.startAgent({ kind: agentKind, name: "guarded", args: [`-config-file=${file}`] });
      expect(await serfCommand(command, ["members", `-rpc-addr=${agent.rpcAddress}`, "-rpc-auth=sesame"])).toEqual({
        code: 0,
        stdout: `guarded  ${agent.address}  alive\n`,
        stderr: "",
      });
    });

    test.sequential("the environment gives address and token too", async () => {
      const environment = { SERF_RPC_ADDR: agent.rpcAddress, SERF_RPC_AUTH: "sesame" };
      expect(await serfCommand(command, ["members"], environment)).toMatchObject({ code: 0 });
    });

    test.sequential("a wrong token is refused", async () => {
      expect(await serfCommand(command, ["members", `-rpc-addr=${agent.rpcAddress}`, "-rpc-auth=open"])).toEqual({
        code: 1,
        stdout: "Error connecting to Serf agent: Invalid authentication token\n",
        stderr: "",
      });
    });

    test.sequential("no token is refused", async () => {
      expect(await serfCommand(command, ["members", `-rpc-addr=${agent.rpcAddress}`])).toEqual({
        code: 1,
        stdout: "Error retrieving members: Authentication required\n",
        stderr: "",
      });
    });
  });
}
