// `npm run experiment:bootstrap [-- NODES …]`: how long clusters of these sizes (100, 500 and 2000 by default) take from the start of all nodes at once, who know only
// the first, until all know all. With memberlist alone and LAN settings; virtual time. Two thousand take half an hour of one core.

import { MemberlistCluster } from "./memberlist-cluster.ts";

const sizes = process.argv.slice(2).map(Number);
console.log("| nodes | simulated s until all know all | CPU s | resident MB |\n|---|---|---|---|");
for (const size of sizes.length > 0 ? sizes : [100, 500, 2_000]) {
  const began = process.cpuUsage();
  const cluster = new MemberlistCluster(1);
  for (let started = 0; started < size; started++) {
    cluster.add();
    cluster.network.run(1_000 / size);
  }
  const completeMs = cluster.complete(300_000);
  const { user, system } = process.cpuUsage(began);
  const within = completeMs === undefined ? "more than 300" : (completeMs / 1_000).toFixed(1);
  const [cpuS, megabytes] = [(user + system) / 1e6, process.memoryUsage().rss / 1e6];
  console.log(`| ${size} | ${within} | ${cpuS.toFixed(0)} | ${megabytes.toFixed(0)} |`);
}
