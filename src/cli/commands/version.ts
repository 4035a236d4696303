import { defineCommand } from "../command.ts";
import { version } from "../version.ts";

/** Serf's protocol versions, which is what decides whether two agents understand each other. */
const protocolMin = 2;
const protocolMax = 5;

export const versionCommand = defineCommand({
  name: "version",
  usage: "",
  synopsis: "Print the version",
  description: ["Prints the version of serf-ts and the versions of Serf's protocol that it speaks."],
  example: "version",
  options: {},
  ignoresArguments: true,
  async run(_invocation, terminal) {
    terminal.print(version);
    terminal.print(`Agent Protocol: ${protocolMax} (Understands back to: ${protocolMin})`);
    return 0;
  },
});
