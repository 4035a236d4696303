import { boolean } from "../../base/options.ts";
import { defineCommand, misused } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const forceLeaveCommand = defineCommand({
  name: "force-leave",
  usage: "[options] name",
  synopsis: "Declare a failed member gone for good",
  description: [
    'Moves a failed member to the state "left", so that agents stop trying to reach it again. Use it for a machine that will not come back. A member that is in fact alive objects and stays. A name that no member has is no error.',
  ],
  example: "force-leave web-3",
  argument: "members",
  options: {
    prune: {
      type: boolean(),
      default: false,
      doc: "Also remove the member from the list of members at once.",
      flag: "prune",
    },
    ...rpcOptions,
  },
  async run(invocation, terminal) {
    const { options, args } = invocation;
    const [name] = args;
    if (name === undefined || args.length > 1) {
      return misused("A node name must be specified to force leave.", invocation, terminal);
    }
    return withAgent(options, terminal, "Error force leaving", async (client) => {
      await client.forceLeave(name, { prune: options.prune });
      return 0;
    });
  },
});
