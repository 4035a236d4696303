import { defineCommand } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const leaveCommand = defineCommand({
  name: "leave",
  usage: "[options]",
  synopsis: "Have an agent leave the cluster and end",
  description: [
    "Tells a running agent to leave its cluster gracefully and then to end. The other members see it as left, not as failed.",
  ],
  example: "leave",
  options: { ...rpcOptions },
  async run({ options }, terminal) {
    return withAgent(options, terminal, "Error leaving", async (client) => {
      await client.leave();
      terminal.print("Graceful leave complete");
      return 0;
    });
  },
});
