// `npm run bench:simulator [-- NODES …]`: what a simulated cluster with LAN settings costs: the time and memory of a simulated second with nothing wrong, once all
// know all, and what it carries. Nodes of `serf-ts/memberlist` share one directory; so do Serf's. More than 500 nodes do not join: each is given the list of all.

import { Directory } from "../src/memberlist/directory.ts";
import type { MemberTable } from "../src/memberlist/member-table.ts";
import { Memberlist } from "../src/memberlist/memberlist.ts";
import { Serf } from "../src/serf/serf.ts";
import { SimulatedNetwork } from "../src/simulator/index.ts";

const sizes = process.argv.slice(2).map(Number);
/** What is measured, in simulated time; shorter where nodes are many. */
const measuredMs = (nodes: number) => (nodes > 3_000 ? 5_000 : 20_000);
/** More do not join here: a thousand nodes that join have a million pieces of news to tell, each some ten times over. */
const joiningMax = 500;
const bytesPerMegabyte = 1_000_000;

interface Node {
  readonly memberlist: Memberlist;
  join(address: string): void;
}

const layers: Readonly<Record<string, (name: string, network: SimulatedNetwork, directory: Directory) => Node>> = {
  memberlist: (name, network, directory) => {
    const host = network.createHost({ name, address: addressOf(name) });
    const memberlist = new Memberlist({ nodeName: name }, host, {}, directory);
    memberlist.start();
    return { memberlist, join: (address) => memberlist.join([address], () => undefined) };
  },
  serf: (name, network, directory) => {
    const host = network.createHost({ name, address: addressOf(name) });
    const serf = new Serf({ nodeName: name }, host, () => undefined, directory);
    serf.start();
    return { memberlist: serf.memberlist, join: (address) => serf.join([address], true, () => undefined) };
  },
};

const rows: string[][] = [
  [
    "layer",
    "nodes",
    "CPU s to join or be set up",
    "simulated s until then",
    "CPU s per simulated s",
    "packets per simulated s",
    "kB/s per node",
    "heap MB",
    "resident MB",
  ],
];
for (const nodes of sizes.length > 0 ? sizes : [100, 1_000]) {
  for (const layer of nodes > joiningMax ? ["memberlist"] : Object.keys(layers)) rows.push(measure(layer, nodes));
}
console.log(rows.map((row) => `| ${row.join(" | ")} |`).join("\n"));

function measure(layer: string, count: number): string[] {
  const network = new SimulatedNetwork({ seed: 1, logLinesMax: 0 });
  const directory = new Directory();
  const nodes: Node[] = [];
  const beganMs = cpuMs();
  if (count > joiningMax) acquaint(layer, count, nodes, network, directory);
  else joinInWaves(layer, count, nodes, network, directory);
  const isComplete = () => nodes.every(({ memberlist }) => memberlist.aliveCount === count);
  for (let waitedS = 0; !isComplete() && waitedS < 600; waitedS++) network.run(1_000);
  const joinedMs = cpuMs();
  const joinSimulatedMs = network.nowMs;
  const before = { ...network.traffic };
  network.run(measuredMs(count));
  const usedMs = cpuMs() - joinedMs;
  const packets = network.traffic.packets - before.packets;
  const bytes = network.traffic.packetBytes + network.traffic.streamBytes - before.packetBytes - before.streamBytes;
  const seconds = measuredMs(count) / 1000;
  globalThis.gc?.();
  const { heapUsed, arrayBuffers, rss } = process.memoryUsage();
  return [
    layer,
    `${count}${isComplete() ? "" : " (incomplete)"}`,
    ((joinedMs - beganMs) / 1000).toFixed(1),
    (joinSimulatedMs / 1000).toFixed(1),
    (usedMs / 1000 / seconds).toFixed(3),
    (packets / seconds).toFixed(0),
    (bytes / seconds / count / 1000).toFixed(2),
    ((heapUsed + arrayBuffers) / bytesPerMegabyte).toFixed(0),
    (rss / bytesPerMegabyte).toFixed(0),
  ];
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
  for (const { memberlist } of nodes) {
    const table = memberlist.inspect().table as MemberTable;
    for (const self of selves) if (table.find(self.name) < 0) table.insert(self, self.incarnation, "alive", 0);
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
