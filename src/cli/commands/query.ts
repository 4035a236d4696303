import type { Subscription } from "../../async/subscription.ts";
import { utf8Decode } from "../../base/bytes.ts";
import { messageOf } from "../../base/errors.ts";
import { indentedJson } from "../../base/go-json.ts";
import { boolean, durationMs, integer, text, texts } from "../../base/options.ts";
import type { QueryAnswer, SerfClient } from "../../client/client.ts";
import { defineCommand, misused, type Terminal } from "../command.ts";
import { rpcOptions, withAgent } from "../rpc-options.ts";
import { parseTags } from "../tags.ts";

const dayMs = 24 * 3600 * 1000;

export const queryCommand = defineCommand({
  name: "query",
  usage: "[options] name [payload]",
  synopsis: "Ask a question of the members and collect the answers",
  description: [
    "Sends a query through the cluster and prints each acknowledgement and answer as it comes. Members answer by their event handlers: what the script for the query prints is the answer, if it ends with exit code 0.",
    "The command ends when every member that should answer has, or when the time is up. Ctrl-C ends it before.",
  ],
  example: "query -tag role=web load",
  options: {
    format: {
      type: text(),
      default: "text",
      doc: "How to print: text as it comes, or json at the end.",
      flag: "format",
      suggests: ["text", "json"],
    },
    nodes: {
      type: texts(),
      default: [],
      doc: "Ask only the member of this name; may be given several times.",
      flag: "node",
      suggests: "members",
    },
    tags: {
      type: texts(),
      default: [],
      doc: "Ask only members whose tag matches, key=expression (RE2); may be given several times, and all must match.",
      flag: "tag",
    },
    timeoutMs: {
      type: durationMs(0, dayMs),
      default: 0,
      doc: "How long to wait for answers. 0 is a time that fits the size of the cluster.",
      flag: "timeout",
    },
    noAck: { type: boolean(), default: false, doc: "Ask for no acknowledgements, only for answers.", flag: "no-ack" },
    relayFactor: {
      type: integer(-(2 ** 31), 2 ** 31 - 1),
      default: 0,
      doc: "Have each answer sent by so many other members besides, 0 to 255, against loss of packets.",
      flag: "relay-factor",
    },
    ...rpcOptions,
  },
  async run(invocation, terminal) {
    const { options, args } = invocation;
    let filterTags: Record<string, string>;
    try {
      filterTags = parseTags(options.tags);
    } catch (error) {
      terminal.print(`Error: ${messageOf(error)}`);
      return 1;
    }
    const [name, payload] = args;
    if (name === undefined) return misused("A query name must be specified.", invocation, terminal);
    if (args.length > 2) {
      const why = "Too many command line arguments. Only a name and payload must be specified.";
      return misused(why, invocation, terminal);
    }
    const { format, nodes: filterNodes, relayFactor, timeoutMs, noAck } = options;
    if (relayFactor < 0 || relayFactor > 255) {
      terminal.print("Relay factor must be between 0 and 255");
      return 1;
    }
    const params = { filterNodes, filterTags, relayFactor, timeoutMs, requestAck: !noAck };
    return withAgent(options, terminal, "Error sending query", (client: SerfClient) => {
      if (format !== "text" && format !== "json") {
        terminal.print(`Invalid format: ${format}`);
        return Promise.resolve(1);
      }
      const printer = format === "text" ? new TextPrinter(name, noAck, terminal) : new JsonPrinter(terminal);
      return collect(client.query(name, payload, params), printer, terminal);
    });
  },
});

interface AnswerPrinter {
  begin(): void;
  add(answer: QueryAnswer): void;
  finish(): void;
}

/** Resolves to the exit code: 1 if it was interrupted, 0 whoever answered. */
async function collect(asking: Promise<Subscription<QueryAnswer>>, printer: AnswerPrinter, terminal: Terminal) {
  const answers = await asking;
  let interrupted = false;
  terminal.onInterrupt(() => {
    interrupted = true;
    // The connection is closed right after, which ends the query also at an agent that takes no such stop.
    answers.stop().catch(() => undefined);
  });
  printer.begin();
  for await (const answer of answers) printer.add(answer);
  if (interrupted) return 1;
  printer.finish();
  return 0;
}

class TextPrinter implements AnswerPrinter {
  private readonly name: string;
  private readonly noAck: boolean;
  private readonly terminal: Terminal;
  private acks = 0;
  private responses = 0;

  constructor(name: string, noAck: boolean, terminal: Terminal) {
    this.name = name;
    this.noAck = noAck;
    this.terminal = terminal;
  }

  begin(): void {
    this.terminal.print(`Query '${this.name}' dispatched`);
  }

  add(answer: QueryAnswer): void {
    if (answer.kind === "ack") {
      this.acks += 1;
      this.terminal.print(`Ack from '${answer.from}'`);
      return;
    }
    this.responses += 1;
    this.terminal.print(`Response from '${answer.from}': ${utf8Decode(answer.payload).replace(/\n$/, "")}`);
  }

  finish(): void {
    if (!this.noAck) this.terminal.print(`Total Acks: ${this.acks}`);
    this.terminal.print(`Total Responses: ${this.responses}`);
  }
}

class JsonPrinter implements AnswerPrinter {
  private readonly terminal: Terminal;
  private readonly acks: string[] = [];
  private readonly responses = new Map<string, string>();

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  begin(): void {}

  add(answer: QueryAnswer): void {
    if (answer.kind === "ack") this.acks.push(answer.from);
    else this.responses.set(answer.from, utf8Decode(answer.payload));
  }

  finish(): void {
    const byName = [...this.responses].toSorted(([a], [b]) => (a < b ? -1 : 1));
    const Acks = this.acks.length === 0 ? null : this.acks;
    this.terminal.print(indentedJson({ Acks, Responses: Object.fromEntries(byName) }));
  }
}
