import type { MissedEvents } from "../../async/subscription.ts";
import { text } from "../../base/options.ts";
import type { AgentEvent, SerfClient } from "../../client/client.ts";
import { encodeMember } from "../../rpc/views.ts";
import { defineCommand, type Terminal } from "../command.ts";
import { type GoValue, goSyntax } from "../go-syntax.ts";
import { failed, rpcOptions, withAgent } from "../rpc-options.ts";

export const monitorCommand = defineCommand({
  name: "monitor",
  usage: "[options]",
  synopsis: "Follow an agent's log and events",
  description: [
    "Prints the last log lines of an agent and then follows its log and its events until Ctrl-C. It may ask for more than the agent itself prints: with -log-level=debug the debug lines of an agent that logs at info.",
  ],
  example: "monitor -log-level=debug",
  options: {
    logLevel: {
      type: text(),
      default: "INFO",
      doc: "The least severe lines to show: trace, debug, info, warn or err.",
      flag: "log-level",
      suggests: ["trace", "debug", "info", "warn", "err"],
    },
    ...rpcOptions,
  },
  async run({ options }, terminal) {
    return withAgent(options, terminal, "Error starting stream", (client) =>
      follow(client, options.logLevel, terminal),
    );
  },
});

async function follow(client: SerfClient, logLevel: string, terminal: Terminal): Promise<number> {
  let interrupted = false;
  const interrupt = new Promise<void>((resolve) =>
    terminal.onInterrupt(() => {
      interrupted = true;
      resolve();
    }),
  );
  const events = await client.stream("*");
  const lines = await client.monitor(logLevel).catch(failed("Error starting monitor"));
  const followed = [
    printEach(lines, (line) => terminal.print(line)),
    printEach(events, (event) => printEvent(event, terminal)),
  ];
  // The connection's end rejects both; leaving one of them unheard is no mistake.
  await Promise.race([interrupt, ...followed.map((one) => one.catch(() => undefined))]);
  if (interrupted) return 0;
  terminal.print("");
  terminal.print("Remote side ended the monitor! This usually means that the\nremote side has exited or crashed.");
  return 1;
}

async function printEach<T>(records: AsyncIterable<T>, print: (record: T) => void): Promise<void> {
  for await (const record of records) print(record);
}

function printEvent(event: AgentEvent | MissedEvents, terminal: Terminal): void {
  terminal.print("Event Info:");
  for (const [key, value] of Object.entries(eventFields(event))) terminal.print(`\t${key}: ${goSyntax(value)}`);
}

/** The record as it came over the wire, its keys in alphabetical order; the reference prints them in any order. */
export function eventFields(event: AgentEvent | MissedEvents): Readonly<Record<string, GoValue>> {
  switch (event.kind) {
    case "user":
      return {
        Coalesce: event.coalesce,
        Event: event.kind,
        LTime: event.lamportTime,
        Name: event.name,
        Payload: event.payload,
      };
    case "query":
      return {
        Event: event.kind,
        ID: event.id,
        LTime: event.lamportTime,
        Name: event.name,
        Payload: event.payload,
      };
    case "missed":
      return { Count: event.count, Event: event.kind };
    default:
      return { Event: event.kind, Members: event.members.map(encodeMember) };
  }
}
