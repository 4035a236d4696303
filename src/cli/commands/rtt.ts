import { goQuote } from "../../agent/go-quote.ts";
import { utf8Encode } from "../../base/bytes.ts";
import { type Coordinate, distanceSeconds } from "../../coordinate/coordinate.ts";
import { defineCommand, misused } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

export const rttCommand = defineCommand({
  name: "rtt",
  usage: "[options] node [node]",
  synopsis: "Estimate the round trip time between two members",
  description: [
    "Estimates how long a packet takes from one member to the other and back. Nothing is measured for it: the agent knows from its probes where each member stands in the network, relative to all others.",
    "Members are given by name, as `serf members` shows them. With one name the other member is the agent itself.",
  ],
  example: "rtt web-1 db-1",
  argument: "members",
  options: rpcOptions,
  async run(invocation, terminal) {
    const { options, args } = invocation;
    // With one name the first question is who the agent is.
    const failing = args.length === 1 ? "Error querying agent" : "Error getting coordinates";
    return withAgent(options, terminal, failing, async (client) => {
      const [one, other = (await client.stats())["agent"]?.["name"] ?? ""] = args;
      if (one === undefined || args.length > 2) {
        return misused("One or two node names must be specified", invocation, terminal);
      }
      const coordinates: Coordinate[] = [];
      for (const name of [one, other]) {
        const coordinate = await client.coordinate(name);
        if (coordinate === undefined) {
          terminal.print(`Could not find a coordinate for node ${goQuote(utf8Encode(name))}`);
          return 1;
        }
        coordinates.push(coordinate);
      }
      const [from, to] = coordinates;
      terminal.print(`Estimated ${one} <-> ${other} rtt: ${milliseconds(distanceSeconds(from!, to!))}`);
      return 0;
    });
  },
});

/** The reference counts whole nanoseconds. */
function milliseconds(seconds: number): string {
  return `${(Math.trunc(seconds * 1e9) / 1e6).toFixed(3)} ms`;
}
