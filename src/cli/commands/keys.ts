import { messageOf } from "../../base/errors.ts";
import { type KeyOperation, type KeyReport, KeysError } from "../../base/key-report.ts";
import { boolean, text } from "../../base/options.ts";
import type { SerfClient } from "../../client/client.ts";
import { defineCommand, type Terminal } from "../command.ts";
import { columnize } from "../output.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";

interface Words {
  readonly begin: string;
  readonly done: string;
  readonly failing: string;
}

const words: Readonly<Record<KeyOperation, Words>> = {
  install: {
    begin: "Installing key on all members...",
    done: "Successfully installed key!",
    failing: "Error installing key",
  },
  use: {
    begin: "Changing primary key on all members...",
    done: "Successfully changed primary key!",
    failing: "Error changing primary key",
  },
  remove: {
    begin: "Removing key on all members...",
    done: "Successfully removed key!",
    failing: "Error removing key",
  },
  list: {
    begin: "Asking all members for installed keys...",
    done: "Keys gathered, listing cluster keys...",
    failing: "Failed to gather member keys",
  },
};

export const keysCommand = defineCommand({
  name: "keys",
  usage: "[options]",
  synopsis: "Change or list the encryption keys of all members",
  description: [
    "Changes the keys of every member that is alive, or lists them. A new key comes into use without a break by -install, then -use, then -remove of the old one, each once the step before has succeeded on all members.",
    "The exit code is 0 only if every member answered and succeeded. Members that are down keep the keys they have: remove no key that they need to come back.",
  ],
  example: "keys -install=$(serf keygen)",
  options: {
    install: { type: text(), default: "", doc: "Make a key known to all members, in base64.", flag: "install" },
    use: { type: text(), default: "", doc: "Have all members encrypt with a key they know.", flag: "use" },
    remove: {
      type: text(),
      default: "",
      doc: "Have all members forget a key they do not encrypt with.",
      flag: "remove",
    },
    list: { type: boolean(), default: false, doc: "Show each key and how many members know it.", flag: "list" },
    ...rpcOptions,
  },
  async run({ options, help }, terminal) {
    const { install, use, remove, list } = options;
    const given = Object.entries({ install, use, remove }).filter(([, key]) => key !== "");
    if (given.length + (list ? 1 : 0) > 1) {
      terminal.print("Only one of -install, -use, -remove, or -list allowed");
      return 1;
    }
    const [[operation, key] = ["list", ""] as const] = given as [KeyOperation, string][];
    if (key === "" && !list) {
      terminal.print(help);
      return 1;
    }
    const { begin, failing } = words[operation];
    return withAgent(options, terminal, failing, async (client) => {
      terminal.print(`==> ${begin}`);
      const code = await perform(client, operation, key, terminal);
      await nameThoseDown(client, terminal);
      return code;
    });
  },
});

async function perform(client: SerfClient, operation: KeyOperation, key: string, terminal: Terminal): Promise<number> {
  const { done, failing } = words[operation];
  try {
    const report = await client.requestKeys(operation, key);
    terminal.print(`==> ${done}`);
    if (operation === "list") printKeys(report, terminal);
    return 0;
  } catch (error) {
    const messages = error instanceof KeysError ? error.report.messages : [];
    const failures = [...messages].sort(([a], [b]) => (a < b ? -1 : 1));
    if (failures.length > 0)
      terminal.print(columnize(failures.map(([node, message]) => `failed: | ${node} | ${message}`)));
    terminal.print("");
    terminal.print(`${failing}: ${messageOf(error)}`);
    return 1;
  }
}

/** Who is down was not asked and does not count as missing: the one thing that a change that succeeded everywhere hides. On stderr, since stdout is the reference's. */
async function nameThoseDown(client: SerfClient, terminal: Terminal): Promise<void> {
  const down = await client.members({ status: "failed" }).catch(() => []);
  if (down.length === 0) return;
  const names = down.map(({ name }) => name).sort();
  terminal.printError(`Not asked, because down, and with the keys of before: ${names.join(", ")}`);
}

function printKeys({ keys, nodeCount }: KeyReport, terminal: Terminal): void {
  terminal.print("");
  terminal.print(columnize([...keys].sort().map(([key, count]) => `${key} | [${count}/${nodeCount}]`)));
}
