import { serfProtocolVersionMax, serfProtocolVersionMin } from "../../serf/protocol-version.ts";
import { defineCommand } from "../command.ts";
import { version } from "../version.ts";

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
    terminal.print(`Agent Protocol: ${serfProtocolVersionMax} (Understands back to: ${serfProtocolVersionMin})`);
    return 0;
  },
});
