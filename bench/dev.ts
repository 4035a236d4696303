/** `npm run bench:dev -- 100 1000`: clusters of that many agents in one process: time until all see all, CPU, memory, and CPU when idle. */

import { spawn } from "node:child_process";
import { once } from "node:events";
import { cpus } from "node:os";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { atMost, formatTable, type Row } from "./table.ts";

interface Told {
  readonly event: string;
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly memoryMiB: number;
  readonly cpuMsPerNodeSecond: number;
  readonly ms: number;
}

/** Progress comes twice a second. Idle is a cluster whose joins have been told to the end. */
const idleSamples = 40;
const command = fileURLToPath(new URL("../dist/serf.cjs", import.meta.url));
const sizes = process.argv.slice(2).map(Number);
const rows: Row[] = [];
for (const nodes of sizes.length > 0 ? sizes : [100]) rows.push(...(await measure(nodes)));
console.log(
  `\n${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} x ${cpus()[0]?.model}\n`,
);
console.log(formatTable(rows));

async function measure(nodes: number): Promise<Row[]> {
  const flags = ["-bind=127.0.0.1:0", "-rpc-addr=127.0.0.1:0", "-format=json", "-event=bench"];
  const dev = spawn(process.execPath, [command, "dev", `-nodes=${nodes}`, ...flags], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = once(dev, "exit");
  let joined: Told | undefined;
  let event: Told | undefined;
  let memoryMiB = 0;
  let window: number[] = [];
  for await (const line of createInterface(dev.stdout)) {
    const told = JSON.parse(line) as Told;
    if (told.event !== "progress") process.stderr.write(`${nodes} nodes: ${line}\n`);
    if (told.event === "joined") joined = told;
    if (told.event === "event") event = told;
    if (told.event !== "progress") continue;
    memoryMiB = Math.max(memoryMiB, told.memoryMiB);
    if (event !== undefined) window = [...window, told.cpuMsPerNodeSecond].slice(-idleSamples);
    // What the joins set in motion goes on for a while: idle is where the second half of the window costs what the first did.
    if (window.length === idleSamples && mean(window.slice(idleSamples / 2)) > 0.9 * mean(window)) dev.kill("SIGINT");
  }
  await ended;
  const idle = mean(window);
  return [
    { what: `${nodes} nodes: until all see all`, unit: "s", ours: joined?.seconds ?? Number.NaN },
    { what: `${nodes} nodes: CPU for that`, unit: "s", ours: joined?.cpuSeconds ?? Number.NaN },
    { what: `${nodes} nodes: event to the last node`, unit: "ms", ours: event?.ms ?? Number.NaN },
    { what: `${nodes} nodes: memory`, unit: "MiB", ours: memoryMiB, aim: atMost(memoryMiB, 4096, "at most 4 GiB") },
    { what: `${nodes} nodes: CPU of an idle node`, unit: "ms/s", ours: idle, aim: atMost(idle, 0.7, "at most 0.7") },
  ];
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
