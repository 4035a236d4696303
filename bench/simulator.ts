// `npm run bench:simulator [-- NODES … [--seconds 20] [--given] [--layer memberlist|serf] [--json FILE] [--write]]`: what a simulated cluster with LAN settings costs: the time and memory
// of a simulated second with nothing wrong, once all know all, and what it carries. Nodes of `serf-ts/memberlist` share one directory; so do Serf's. More than 500 nodes do not join, nor
// any with `--given`: each is given the list of all. With `--json` rows are kept in that file beside those of earlier runs, and with `--write` all of them go into docs/RELIABILITY.md.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { Directory } from "../src/memberlist/directory.ts";
import type { MemberTable } from "../src/memberlist/member-table.ts";
import { Memberlist } from "../src/memberlist/memberlist.ts";
import type { Membership } from "../src/serf/membership.ts";
import { Serf } from "../src/serf/serf.ts";
import { SimulatedNetwork } from "../src/simulator/index.ts";
import { replaceSection } from "../test/experiments/section.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seconds: { type: "string", default: "20" },
    given: { type: "boolean", default: false },
    layer: { type: "string" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});
/** More do not join here: a thousand nodes that join have a million pieces of news to tell, each some ten times over. */
const joiningMax = 500;
const bytesPerMegabyte = 1_000_000;
const page = "docs/RELIABILITY.md";

interface Node {
  readonly memberlist: Memberlist;
  join(address: string): void;
  /** Has it know of a member that it was given. */
  met(name: string): void;
}

interface Figures {
  readonly layer: string;
  readonly nodes: number;
  readonly isGiven: boolean;
  readonly isComplete: boolean;
  readonly cpuSecondsBefore: number;
  readonly simulatedSecondsBefore: number;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly packets: number;
  readonly bytes: number;
  readonly heapBytes: number;
  readonly residentBytes: number;
}

const layers: Readonly<Record<string, (name: string, network: SimulatedNetwork, directory: Directory) => Node>> = {
  memberlist: (name, network, directory) => {
    const host = network.createHost({ name, address: addressOf(name) });
    const memberlist = new Memberlist({ nodeName: name }, host, {}, directory);
    memberlist.start();
    return { memberlist, join: (address) => memberlist.join([address], () => undefined), met: () => undefined };
  },
  serf: (name, network, directory) => {
    const host = network.createHost({ name, address: addressOf(name) });
    const serf = new Serf({ nodeName: name }, host, () => undefined, directory);
    serf.start();
    const { memberlist } = serf;
    const membership = serf.inspect().membership as Membership;
    return {
      memberlist,
      join: (address) => serf.join([address], true, () => undefined),
      met: (member) => membership.memberJoined(memberlist.member(member)!),
    };
  },
};

const kept: Figures[] =
  values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json, "utf8")) : [];
const sizes = positionals.length > 0 ? positionals.map(Number) : values.write ? [] : [100, 1_000];
for (const nodes of sizes) {
  for (const layer of values.layer === undefined ? Object.keys(layers) : [values.layer]) {
    const figures = measure(layer, nodes, values.given || nodes > joiningMax);
    const before = kept.findIndex(
      (one) => one.layer === layer && one.nodes === nodes && one.isGiven === figures.isGiven,
    );
    if (before >= 0) kept.splice(before, 1);
    kept.push(figures);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(kept, null, 1)}\n`);
  }
}
kept.sort((a, b) => a.nodes - b.nodes || Number(a.isGiven) - Number(b.isGiven));
console.log(render(kept));
if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "scale", render(kept)));

function measure(layer: string, count: number, isGiven: boolean): Figures {
  const network = new SimulatedNetwork({ seed: 1, logLinesMax: 0 });
  const directory = new Directory();
  const nodes: Node[] = [];
  const beganMs = cpuMs();
  if (isGiven) acquaint(layer, count, nodes, network, directory);
  else joinInWaves(layer, count, nodes, network, directory);
  const isComplete = () => nodes.every(({ memberlist }) => memberlist.aliveCount === count);
  for (let waitedS = 0; !isComplete() && waitedS < 600; waitedS++) network.run(1_000);
  const cpuSecondsBefore = (cpuMs() - beganMs) / 1000;
  const simulatedSecondsBefore = network.nowMs / 1000;
  console.error(`${layer}, ${count} nodes: all know all after ${cpuSecondsBefore.toFixed(1)} s of CPU time`);
  const seconds = Number(values.seconds);
  const before = { ...network.traffic };
  const measuredFromMs = cpuMs();
  for (let second = 1; second <= seconds; second++) {
    network.run(1_000);
    console.error(
      `${second} of ${seconds} simulated seconds, ${((cpuMs() - measuredFromMs) / 1000).toFixed(1)} s of CPU time`,
    );
  }
  const cpuSeconds = (cpuMs() - measuredFromMs) / 1000;
  const { packets, packetBytes, streamBytes } = network.traffic;
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return {
    ...{ layer, nodes: count, isGiven, isComplete: isComplete(), cpuSecondsBefore, simulatedSecondsBefore },
    ...{ seconds, cpuSeconds, packets: packets - before.packets },
    bytes: packetBytes + streamBytes - before.packetBytes - before.streamBytes,
    ...{ heapBytes: heapUsed + arrayBuffers, residentBytes: rss },
  };
}

function render(all: readonly Figures[]): string {
  const head = [
    ...["layer", "nodes", "CPU s to join", "simulated s to join", "CPU s for a simulated second after that"],
    ...["packets in it", "kB/s per node", "heap MB", "resident MB"],
  ];
  const rows = all.map((one) => [
    one.layer,
    `${one.nodes.toLocaleString("en-US")}${one.isComplete ? "" : " (incomplete)"}`,
    one.isGiven ? `(given) ${one.cpuSecondsBefore.toFixed(1)}` : one.cpuSecondsBefore.toFixed(1),
    one.isGiven ? "" : one.simulatedSecondsBefore.toFixed(1),
    (one.cpuSeconds / one.seconds).toFixed(2),
    Math.round(one.packets / one.seconds).toLocaleString("en-US"),
    (one.bytes / one.seconds / one.nodes / 1000).toFixed(2),
    (one.heapBytes / bytesPerMegabyte).toFixed(0),
    (one.residentBytes / bytesPerMegabyte).toFixed(0),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}

/** Each wave joins members of the waves before. */
function joinInWaves(
  layer: string,
  count: number,
  nodes: Node[],
  network: SimulatedNetwork,
  directory: Directory,
): void {
  while (nodes.length < count) {
    const wave = Math.min(count - nodes.length, Math.max(1, nodes.length));
    for (let index = 0; index < wave; index++) {
      const node = layers[layer]!(`n${nodes.length + 1}`, network, directory);
      if (nodes.length > 0) node.join(addressOf(`n${1 + (nodes.length % Math.max(1, nodes.length - index))}`));
      nodes.push(node);
    }
    network.run(500);
  }
}

/** Everybody knows everybody at once. A while later each has said who it is, which is no news to anybody. */
function acquaint(layer: string, count: number, nodes: Node[], network: SimulatedNetwork, directory: Directory): void {
  for (let number = 1; number <= count; number++) nodes.push(layers[layer]!(`n${number}`, network, directory));
  const selves = nodes.map(({ memberlist }) => memberlist.localMember);
  for (const { memberlist, met } of nodes) {
    const table = memberlist.inspect().table as MemberTable;
    for (const self of selves) {
      if (table.find(self.name) >= 0) continue;
      table.insert(self, self.incarnation, "alive", 0);
      met(self.name);
    }
  }
  network.run(5_000);
}

/** Of this process: other work of the machine does not count. */
function cpuMs(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

function addressOf(name: string): string {
  const number = Number(name.slice(1));
  return `10.${number >> 16}.${(number >> 8) & 255}.${number & 255}`;
}
