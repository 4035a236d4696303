// `npm run experiment:rapid [-- NODES]`: Rapid's experiment on this implementation: 1,000 nodes (memberlist alone, LAN settings), of which 1 % are at fault for five
// minutes in a way that is neither life nor death. Prints how many views there are and for how long they change. Takes some ten minutes of one core.

import { type ClusterNode, MemberlistCluster } from "./memberlist-cluster.ts";

const [size = 1_000] = process.argv.slice(2).map(Number);
const faultyCount = Math.max(1, Math.round(size / 100));
const faultMs = 300_000;
const flipMs = 20_000;
const sampleMs = 1_000;

type Fault = (cluster: MemberlistCluster, faulty: readonly ClusterNode[], sinceMs: number) => void;

/** Each is called once a second. */
const faults: Readonly<Record<string, Fault>> = {
  "nothing reaches them, 20 s on and 20 s off": ({ network, nodes }, faulty, sinceMs) => {
    if (sinceMs % flipMs !== 0) return;
    if ((sinceMs / flipMs) % 2 === 1) return network.heal();
    const faultyNodes = new Set(faulty);
    network.cut(hostsOf(nodes.filter((node) => !faultyNodes.has(node))), hostsOf(faulty));
  },
  "80 % of what they send is lost": ({ network }, faulty, sinceMs) => {
    if (sinceMs === 0) network.setLink(hostsOf(faulty), undefined, { loss: 0.8, streamLoss: 0.8 });
  },
};

console.log(
  "| fault of 1 % | healthy nodes whose view changes in a second, mean | seconds in which somebody's does | views at once, median / most | healthy nodes held for dead, most at one node | all faulty out of all views | time with one view |",
);
console.log("|---|---|---|---|---|---|---|");
for (const [title, fault] of Object.entries(faults)) console.log(`| ${title} | ${run(fault).join(" | ")} |`);

function run(fault: Fault): string[] {
  const cluster = new MemberlistCluster(1);
  cluster.acquaint(size);
  const faulty = cluster.nodes.slice(-faultyCount);
  const healthy = cluster.nodes.slice(0, -faultyCount);
  const healthyNames = new Set(healthy.map(({ memberlist }) => memberlist.options.nodeName));
  let before: string[] = [];
  const views: number[] = [];
  let changes = 0;
  let restlessSamples = 0;
  let healthyLostMost = 0;
  let removedAllMs: number | undefined;
  for (let sinceMs = 0; sinceMs < faultMs; sinceMs += sampleMs) {
    fault(cluster, faulty, sinceMs);
    cluster.network.run(sampleMs);
    const seen = healthy.map(({ memberlist }) => viewOf(memberlist, cluster));
    const changed = before.length === 0 ? 0 : seen.filter((view, index) => view !== before[index]).length;
    changes += changed;
    if (changed > 0) restlessSamples++;
    views.push(new Set(seen).size);
    for (const view of seen) {
      const missing = view === "" ? [] : view.split(" ");
      const healthyMissing = missing.filter((name) => healthyNames.has(name)).length;
      healthyLostMost = Math.max(healthyLostMost, healthyMissing);
    }
    if (
      seen.every(
        (view) => view.split(" ").filter((name) => name !== "" && !healthyNames.has(name)).length === faultyCount,
      )
    )
      removedAllMs ??= sinceMs + sampleMs;
    before = seen;
  }
  const samples = faultMs / sampleMs;
  const sorted = [...views].sort((a, b) => a - b);
  return [
    (changes / samples).toFixed(1),
    `${restlessSamples} of ${samples}`,
    `${sorted[sorted.length >> 1]} / ${sorted.at(-1)}`,
    String(healthyLostMost),
    removedAllMs === undefined ? "never" : `after ${removedAllMs / 1_000} s`,
    `${views.filter((count) => count === 1).length} of ${samples} s`,
  ];
}

/** Whom a node does not hold for alive, in the order of their numbers. */
function viewOf(memberlist: ClusterNode["memberlist"], { nodes }: MemberlistCluster): string {
  if (memberlist.aliveCount === nodes.length) return "";
  const alive = new Set(
    memberlist
      .members()
      .filter(({ state }) => state === "alive" || state === "suspect")
      .map(({ name }) => name),
  );
  return nodes
    .map(({ memberlist: { options } }) => options.nodeName)
    .filter((name) => !alive.has(name))
    .join(" ");
}

function hostsOf(nodes: readonly ClusterNode[]) {
  return nodes.map(({ host }) => host);
}
