// `npm run experiment:detection [-- --nodes 20,100,1000] [--losses 0,5,25] [--kills 100] [--json FILE] [--write]`: how long it takes until the first, and until every node of a simulated cluster holds a process for
// failed that is killed while its host lives: on the fast path, and by the timers alone as the reference; with loss of packets and segments. With `--write` the table goes into
// docs/PERFORMANCE.md. Takes some ten minutes of one core, nearly all of it for the thousand nodes, and as long again for a thousand with a quarter lost.
// With `--json` rows that are in that file are not measured again, and `--write` writes all of it.

import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { distributionOf } from "../../src/simulator/statistics.ts";
import { MemberlistCluster } from "./memberlist-cluster.ts";
import { replaceSection } from "./section.ts";

const { values } = parseArgs({
  options: {
    nodes: { type: "string", default: "20,100,1000" },
    losses: { type: "string", default: "0,5,25" },
    kills: { type: "string", default: "100" },
    json: { type: "string" },
    write: { type: "boolean", default: false },
  },
});

interface Cell {
  readonly nodes: number;
  readonly loss: number;
  readonly fastFailure: boolean;
}

interface Detected {
  readonly firstMs: number[];
  readonly allMs: number[];
  /** Of members that lived. */
  falsePositives: number;
  packetsPerNodeSecond: number;
}

const killsPerCluster = 10;
/** A cluster of a thousand costs as much as fifty of twenty, and one that loses a quarter of all ten times that. */
const killsMaxAt = ({ nodes, loss }: Cell) => (nodes < 1_000 ? Number(values.kills) : loss < 0.2 ? 20 : 5);
const quietMs = 10_000;
const limitMs = 120_000;

function measure(cell: Cell): Detected {
  const { nodes, loss, fastFailure } = cell;
  const killsMax = killsMaxAt(cell);
  const found: Detected = { firstMs: [], allMs: [], falsePositives: 0, packetsPerNodeSecond: 0 };
  for (let seed = 1; found.allMs.length < killsMax; seed++) {
    const cluster = new MemberlistCluster(seed, { fastFailure });
    cluster.acquaint(nodes);
    const { network } = cluster;
    network.setConditions({ loss, streamLoss: loss });
    const before = network.traffic.packets;
    network.run(quietMs);
    found.packetsPerNodeSecond = (network.traffic.packets - before) / nodes / (quietMs / 1_000);
    const running = [...cluster.nodes];
    for (let kills = 0; kills < killsPerCluster && found.allMs.length < killsMax; kills++) {
      const victim = running.pop()!;
      const times: number[] = [];
      const beganMs = network.nowMs;
      cluster.heldForDead = (_, member) => {
        if (member === victim.host.name) times.push(network.nowMs - beganMs);
        else if (running.some(({ host }) => host.name === member)) found.falsePositives++;
      };
      victim.host.crash();
      network.runUntil(() => times.length >= running.length, limitMs);
      found.firstMs.push(times[0] ?? limitMs);
      found.allMs.push(times.length >= running.length ? times.at(-1)! : limitMs);
      // Not always at the same time after the others.
      network.run(2_000 + ((kills * 137 + seed * 61) % 1_000));
    }
  }
  return found;
}

interface Row {
  readonly cell: Cell;
  readonly text: string;
}

const rows: Row[] =
  values.json !== undefined && existsSync(values.json) ? JSON.parse(readFileSync(values.json, "utf8")) : [];
for (const nodes of values.nodes.split(",").map(Number))
  for (const loss of values.losses.split(",").map((percent) => Number(percent) / 100))
    for (const fastFailure of [true, false]) {
      const cell = { nodes, loss, fastFailure };
      if (rows.some((row) => keyOf(row.cell) === keyOf(cell))) continue;
      const text = describe(cell, measure(cell));
      console.error(text);
      rows.push({ cell, text });
      rows.sort((a, b) => keyOf(a.cell).localeCompare(keyOf(b.cell)));
      if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(rows, null, 1)}\n`);
    }
const section = `\`npm run experiment:detection -- --kills ${values.kills}\`, ${new Date().toISOString().slice(0, 10)}:\n\n${render()}`;
console.log(section);
if (values.write) {
  const page = new URL("../../docs/PERFORMANCE.md", import.meta.url);
  writeFileSync(page, replaceSection(readFileSync(page, "utf8"), "experiment:detection", section));
}

/** By which rows are sorted, too. */
function keyOf({ nodes, loss, fastFailure }: Cell): string {
  return [String(nodes).padStart(6, "0"), loss.toFixed(3), fastFailure ? "with" : "alone"].join(" ");
}

function render(): string {
  const head = [
    ...["nodes", "loss", "", "the first, p50 / p99", "all, p50 / p99", "kills"],
    ...["living members held for failed", "packets of an idle node"],
  ];
  return [`| ${head.join(" | ")} |`, `|${"---|".repeat(head.length)}`, ...rows.map(({ text }) => text)].join("\n");
}

function describe({ nodes, loss, fastFailure }: Cell, found: Detected): string {
  const way = fastFailure ? "fast path" : "timers alone";
  const cells = [
    nodes.toLocaleString("en"),
    `${loss * 100} %`,
    way,
    times(found.firstMs),
    times(found.allMs),
    `${found.allMs.length}`,
    `${found.falsePositives}`,
    `${found.packetsPerNodeSecond.toFixed(1)} /s`,
  ];
  return `| ${cells.join(" | ")} |`;
}

function times(values: readonly number[]): string {
  const { median, p99 } = distributionOf(values)!;
  return `${seconds(median)} / ${seconds(p99)}`;
}

function seconds(ms: number): string {
  return ms >= limitMs ? `over ${limitMs / 1_000} s` : `${(ms / 1_000).toFixed(2)} s`;
}
