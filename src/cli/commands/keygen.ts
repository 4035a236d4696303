import { randomBytes } from "node:crypto";
import { defineCommand } from "../command.ts";

export const keygenCommand = defineCommand({
  name: "keygen",
  usage: "",
  synopsis: "Make a new encryption key",
  description: ["Prints a random key of 32 bytes in base64, as `serf agent -encrypt` takes it."],
  example: "keygen",
  options: {},
  ignoresArguments: true,
  async run(_invocation, terminal) {
    terminal.print(randomBytes(32).toString("base64"));
    return 0;
  },
});
