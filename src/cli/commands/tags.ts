import { messageOf } from "../../base/errors.ts";
import { texts } from "../../base/options.ts";
import { defineCommand } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";
import { parseTags } from "../tags.ts";

export const tagsCommand = defineCommand({
  name: "tags",
  usage: "[options]",
  synopsis: "Change the tags of a running agent",
  description: [
    "Changes the tags of a running agent's own node. The other members are told, and get the event member-update.",
  ],
  example: "tags -set role=web -delete maintenance",
  options: {
    set: {
      type: texts(),
      default: [],
      doc: "A tag to add or change, key=value; may be given several times.",
      flag: "set",
    },
    delete: {
      type: texts(),
      default: [],
      doc: "The key of a tag to remove, if it is there; may be given several times.",
      flag: "delete",
    },
    ...rpcOptions,
  },
  async run({ options, help }, terminal) {
    if (options.set.length === 0 && options.delete.length === 0) {
      terminal.print(help);
      return 1;
    }
    return withAgent(options, terminal, "Error setting tags", async (client) => {
      let set: Record<string, string>;
      try {
        set = parseTags(options.set);
      } catch (error) {
        terminal.print(`Error: ${messageOf(error)}`);
        return 1;
      }
      await client.updateTags(set, options.delete);
      terminal.print("Successfully updated agent tags");
      return 0;
    });
  },
});
