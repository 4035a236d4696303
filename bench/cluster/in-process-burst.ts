/** So many nodes of the library in this process, and a burst of user events at the first of them. Prints its figures as JSON. */

import { createSerf } from "../../src/index.ts";
import { sleep } from "../../test/support/wait-for.ts";
import { type BurstFigures, quietMs } from "./spread.ts";

const [nodeCount = 100, events = 5_000, deadlineMs = 120_000] = process.argv.slice(2).map(Number);
const joinDeadlineMs = 120_000;
/** Each node learns from acks who else is of its kind, and probes a member a second. */
const settleMsEach = 1_100;
const payload = new Uint8Array(50);

const nodes = await Promise.all(
  Array.from({ length: nodeCount }, (_, index) => createSerf({ nodeName: `node-${index}`, bind: "127.0.0.1:0" })),
);
const [first] = nodes;
if (first === undefined) throw new Error("at least one node");
const { address, port } = first.localMember;
await Promise.all(nodes.slice(1).map((node) => node.join([`${address}:${port}`])));
for (const startedAtMs = performance.now(); nodes.some((node) => node.members().length < nodeCount); await sleep(100))
  if (performance.now() - startedAtMs > joinDeadlineMs)
    throw new Error(`not all of ${nodeCount} nodes know each other`);
await sleep(nodeCount * settleMsEach);

const receivers = nodes.slice(1);
const deliveredAt = receivers.map(() => 0);
let delivered = 0;
let duplicates = 0;
const startedAtMs = performance.now();
let lastAtMs = startedAtMs;
for (const [index, node] of receivers.entries()) {
  const seen = new Uint8Array(events);
  node.on("user", ({ name }) => {
    const at = Number(name);
    if (seen[at] === 1) duplicates++;
    else {
      delivered++;
      deliveredAt[index]!++;
    }
    seen[at] = 1;
    lastAtMs = performance.now();
  });
}
let accepted = 0;
let acceptedMs = 0;
const sent = Array.from({ length: events }, (_, number) =>
  first.userEvent(String(number), payload, { coalesce: false }).then(() => {
    accepted++;
    acceptedMs = performance.now() - startedAtMs;
  }),
);
await Promise.race([Promise.allSettled(sent), sleep(deadlineMs)]);
const isOver = () =>
  delivered === events * receivers.length || performance.now() > Math.min(startedAtMs + deadlineMs, lastAtMs + quietMs);
while (!isOver()) await sleep(10);
const figures: BurstFigures = {
  ...{ sent: events, accepted, acceptedMs, duplicates, lastDeliveryMs: lastAtMs - startedAtMs },
  deliveredShare: delivered / (events * receivers.length),
  missing: events * receivers.length - delivered,
  leastShare: Math.min(...deliveredAt) / events,
};
process.stdout.write(`${JSON.stringify(figures)}\n`, () => process.exit(0));
