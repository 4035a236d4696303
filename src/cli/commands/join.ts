import { boolean } from "../../base/options.ts";
import { defineCommand, misused } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const joinCommand = defineCommand({
  name: "join",
  usage: "[options] address ...",
  synopsis: "Have an agent join a cluster",
  description: [
    "Tells a running agent to join the cluster of the members at these addresses. One that answers is enough.",
  ],
  example: "join 10.0.0.5 web-2.example.com:7946",
  options: {
    replay: {
      type: boolean(),
      default: false,
      doc: "Hand on the user events that happened before; otherwise they are left out.",
      flag: "replay",
    },
    ...rpcOptions,
  },
  async run(invocation, terminal) {
    const { options, args } = invocation;
    if (args.length === 0) return misused("At least one address to join must be specified.", invocation, terminal);
    return withAgent(options, terminal, "Error joining the cluster", async (client) => {
      const joined = await client.join(args, { replay: options.replay });
      terminal.print(`Successfully joined cluster by contacting ${joined} nodes.`);
      return 0;
    });
  },
});
