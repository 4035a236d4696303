/** The token that guards an agent's RPC, and the two environment variables of every command. */

import { type CommandStep, run, type Stage } from "../step.ts";

const names = [
  "event x",
  "force-leave x",
  "info",
  "join {nobody}",
  "leave",
  "members",
  "monitor",
  "query x",
  "reachability",
  "rtt x",
  "tags -set=a=b",
  "keys -list",
  `keys -install=AAAA`,
] as const;

export const guarded: Stage = {
  title: "guarded",
  shows: "both",
  steps: [
    {
      do: "write",
      name: "a configuration with a token",
      file: "auth.json",
      content: '{"rpc_auth": "sesame", "tags": {"role": "safe"}}',
    },
    { do: "start", name: "main starts", agent: "main", args: ["-config-file={folder}/auth.json"] },
    run("members -rpc-auth=sesame"),
    inEnvironment("both by environment", { SERF_RPC_ADDR: "{rpc}", SERF_RPC_AUTH: "sesame" }),
    inEnvironment("only the address by environment", { SERF_RPC_ADDR: "{rpc}" }),
    inEnvironment("a wrong address by environment", { SERF_RPC_ADDR: "{nobody}", SERF_RPC_AUTH: "sesame" }),
    { ...run("members -rpc-auth=sesame"), name: "the flag wins", environment: { SERF_RPC_AUTH: "open" } },
    ...names.map((line) => ({ ...run(line), name: `serf ${line} without the token` })),
    ...names.map((line) => ({
      ...run(line.replace(/ |$/, " -rpc-auth=open ").trim()),
      name: `serf ${line} with a wrong token`,
    })),
    run("leave -rpc-auth=sesame"),
    { do: "end", name: "main ends", agent: "main" },
  ],
};

/** Without `-rpc-addr`, which would win over the environment. */
function inEnvironment(name: string, environment: Readonly<Record<string, string>>): CommandStep {
  return { do: "run", name, words: ["members", "-env"], environment };
}
