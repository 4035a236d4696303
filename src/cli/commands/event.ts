import { boolean } from "../../base/options.ts";
import { defineCommand, misused } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const eventCommand = defineCommand({
  name: "event",
  usage: "[options] name [payload]",
  synopsis: "Send a user event to every member",
  description: [
    "Sends a user event through the cluster. Every agent, this one too, hands it to its event handlers and to the clients that stream events. Name and payload together take at most 512 bytes unless the agent allows more.",
  ],
  example: 'event deploy "v1.2.3"',
  options: {
    coalesce: {
      type: boolean(),
      default: true,
      doc: "Of several events of this name within a short time, handlers need to see only the last. -coalesce=false has them see each.",
      flag: "coalesce",
    },
    ...rpcOptions,
  },
  async run(invocation, terminal) {
    const { options, args } = invocation;
    const [name, payload] = args;
    if (name === undefined) return misused("An event name must be specified.", invocation, terminal);
    if (args.length > 2) {
      const why = "Too many command line arguments. Only a name and payload must be specified.";
      return misused(why, invocation, terminal);
    }
    const { coalesce } = options;
    return withAgent(options, terminal, "Error sending event", async (client) => {
      await client.userEvent(name, payload, { coalesce });
      terminal.print(`Event '${name}' dispatched! Coalescing enabled: ${coalesce}`);
      return 0;
    });
  },
});
