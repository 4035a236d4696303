import { boolean } from "../../base/options.ts";
import type { SerfClient } from "../../client/client.ts";
import { defineCommand, type Terminal } from "../command.ts";
import { failed, rpcOptions, withAgent } from "../rpc-options.ts";

const tooManyAcks = "This could mean Serf is detecting false-failures due to a misconfiguration or network issue.";
const tooFewAcks = "This could mean Serf gossip packets are being lost due to a misconfiguration or network issue.";
const duplicateResponses = "Duplicate responses means there is a misconfiguration. Verify that node names are unique.";
const troubleshooting = `
Troubleshooting tips:
* Ensure that the bind addr:port is accessible by all other nodes
* If an advertise address is set, ensure it routes to the bind address
* Check that no nodes are behind a NAT
* If nodes are behind firewalls or iptables, check that Serf traffic is permitted (UDP and TCP)
* Verify networking equipment is functional`;

export const reachabilityCommand = defineCommand({
  name: "reachability",
  usage: "[options]",
  synopsis: "Test whether every live member can be reached",
  description: [
    "Sends a query through gossip that every member acknowledges straight to the agent asked, and compares who did with who is alive. That shows whether packets pass in both directions.",
  ],
  example: "reachability -verbose",
  options: {
    verbose: {
      type: boolean(),
      default: false,
      doc: "Show each acknowledgement, and how long they took.",
      flag: "verbose",
    },
    ...rpcOptions,
  },
  async run({ options }, terminal) {
    return withAgent(options, terminal, "Error sending query", (client) => test(client, options.verbose, terminal));
  },
});

async function test(client: SerfClient, verbose: boolean, terminal: Terminal): Promise<number> {
  const members = await client.members().catch(failed("Error getting members"));
  const live = new Set(members.filter(({ status }) => status === "alive").map(({ name }) => name));
  terminal.print(`Total members: ${members.length}, live members: ${live.size}`);
  const answers = await client.query("_serf_ping", undefined, { requestAck: true });
  let interrupted = false;
  terminal.onInterrupt(() => {
    interrupted = true;
    answers.stop().catch(() => undefined);
  });
  terminal.print("Starting reachability test...");
  const beganMs = performance.now();
  let lastMs = beganMs;
  const acks: string[] = [];
  for await (const { from } of answers) {
    if (verbose) terminal.print(`\tAck from '${from}'`);
    if (acks.includes(from)) terminal.print(`Duplicate response from '${from}'`);
    acks.push(from);
    lastMs = performance.now();
  }
  if (interrupted) {
    terminal.print("Test interrupted");
    return 1;
  }
  if (verbose) {
    const seconds = (untilMs: number): string => ((untilMs - beganMs) / 1000).toFixed(2);
    const toLast = seconds(lastMs);
    terminal.print(`Query time: ${seconds(performance.now())} sec, time to last response: ${toLast} sec`);
  }
  return report(acks, live, terminal);
}

/** Resolves to the exit code. */
function report(acks: readonly string[], live: ReadonlySet<string>, terminal: Terminal): number {
  const answered = new Set(acks);
  const hasDuplicates = answered.size < acks.length;
  if (hasDuplicates) terminal.print(duplicateResponses);
  if (acks.length === live.size) {
    terminal.print("Successfully contacted all live nodes");
    return hasDuplicates ? 1 : 0;
  }
  const tooMany = acks.length > live.size;
  terminal.print(
    tooMany
      ? "Received more acks than live nodes! Acks from non-live nodes:"
      : "Received less acks than live nodes! Missing acks from:",
  );
  const [all, except] = tooMany ? [answered, live] : [live, answered];
  for (const name of all) if (!except.has(name)) terminal.print(`\t${name}`);
  terminal.print(tooMany ? tooManyAcks : tooFewAcks);
  terminal.print(troubleshooting);
  return 1;
}
