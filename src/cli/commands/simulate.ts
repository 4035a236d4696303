import { messageOf } from "../../base/errors.ts";
import { defineCommand, misused } from "../command.ts";
import { simulateOptions } from "../simulate/options.ts";

export const simulateCommand = defineCommand({
  name: "simulate",
  usage: "[options]",
  synopsis: "Show what a cluster with certain settings would do",
  description: [
    "Runs the real protocol of a whole cluster inside this process, in virtual time, and prints how the cluster forms, how fast failures are detected and events get about, and what a node sends. No agent is needed, and no network is touched.",
    "With -scenario it runs a scenario from a file, watches every node for violations of what the protocol promises, and exits with 1 if there was one. Ctrl-C ends a run with what there is by then, and with exit code 130.",
  ],
  example: "simulate -nodes 200 -profile lan -loss 5% -kill 10 -event",
  options: simulateOptions,
  async run(invocation, terminal) {
    const { options, given, args } = invocation;
    if (args.length > 0) return misused(`Unexpected argument: ${args[0]}`, invocation, terminal);
    try {
      const { simulate } = await import("../simulate/simulate.ts");
      return await simulate(options, "seed" in given, terminal);
    } catch (error) {
      terminal.printError(`Error simulating: ${messageOf(error)}`);
      return 1;
    }
  },
});
