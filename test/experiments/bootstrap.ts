// `npm run experiment:bootstrap [-- NODES …] [--json FILE] [--write]`: how long clusters of these sizes (100, 500 and 2000 by default) take from the start of all nodes at once, who
// know only the first, until all know all. With memberlist alone and LAN settings; virtual time. Two thousand take some ten minutes of one core and more where it has other work.
// With `--json` sizes that are in that file are not run again, and with `--write` all of them go into docs.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { MemberlistCluster } from "./memberlist-cluster.ts";
import { replaceSection } from "./section.ts";

type Dissemination = MemberlistOptions["dissemination"];

interface Figures {
  readonly nodes: number;
  readonly dissemination: Dissemination;
  /** Undefined if five minutes were not enough. */
  readonly completeMs: number | undefined;
  readonly cpuSeconds: number;
  readonly packets: number;
  readonly residentBytes: number;
}

/** Until when all have started. */
const startMs = 1_000;
const limitMs = 300_000;
const page = "docs/RELIABILITY.md";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: "string" }, write: { type: "boolean", default: false } },
});
const results: Figures[] =
  values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json, "utf8")) : [];
for (const nodes of positionals.length > 0 ? positionals.map(Number) : [100, 500, 2_000]) {
  for (const dissemination of ["timer", "eager"] as const) {
    if (results.some((one) => one.nodes === nodes && one.dissemination === dissemination)) continue;
    results.push(run(nodes, dissemination));
    results.sort((a, b) => a.nodes - b.nodes);
    if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(results, null, 1)}\n`);
  }
}
console.log(render());
if (values.write) writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "bootstrap", render()));

function run(nodes: number, dissemination: Dissemination): Figures {
  const began = process.cpuUsage();
  const cluster = new MemberlistCluster(1, { dissemination });
  for (let started = 0; started < nodes; started++) {
    cluster.add();
    cluster.network.run(startMs / nodes);
  }
  const isComplete = cluster.complete(limitMs) !== undefined;
  const { user, system } = process.cpuUsage(began);
  const { nowMs, traffic } = cluster.network;
  return {
    ...{ nodes, dissemination },
    completeMs: isComplete ? nowMs : undefined,
    cpuSeconds: (user + system) / 1e6,
    packets: traffic.packets,
    residentBytes: process.memoryUsage().rss,
  };
}

function render(): string {
  const head = ["nodes", "dissemination", "simulated s until all know all", "packets a node", "CPU s", "resident MB"];
  const rows = results.map(({ nodes, dissemination, completeMs, cpuSeconds, packets, residentBytes }) => [
    nodes.toLocaleString("en-US"),
    dissemination,
    completeMs === undefined ? `more than ${limitMs / 1_000}` : (completeMs / 1_000).toFixed(1),
    String(Math.round(packets / nodes)),
    cpuSeconds.toFixed(0),
    (residentBytes / 1e6).toFixed(0),
  ]);
  return [head, head.map(() => "---"), ...rows].map((row) => `| ${row.join(" | ")} |`).join("\n");
}
