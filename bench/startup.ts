/** How long a command takes, from its start to its end, as a person at a prompt waits for it. */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import type { Sandbox } from "../test/support/sandbox.ts";
import { atMost, type Row } from "./table.ts";

const runs = 30;
const root = fileURLToPath(new URL("..", import.meta.url));
/** Measured where `npm run build:bin` has built it. */
const standalone = `${root}/out/serf`;

export async function benchStartup(sandbox: Sandbox): Promise<Row[]> {
  const agent = await sandbox.startAgent({ kind: "debian", name: "startup" });
  const members = ["members", `-rpc-addr=${agent.rpcAddress}`];
  // In turn, not one after the other, so that a busy moment of the machine falls on all alike.
  const commands: readonly (readonly [string, readonly string[]])[] = [
    [process.execPath, ["-e", "0"]],
    [process.execPath, [`${root}/dist/serf.cjs`, ...members]],
    [`${root}/serf`, members],
    ["/usr/bin/serf", members],
    ...(existsSync(standalone) ? [[standalone, members] as const] : []),
  ];
  const times: number[][] = commands.map(() => []);
  for (let run = 0; run < runs + 2; run++) {
    commands.forEach(([command, parameters], index) => {
      const elapsedMs = timeOf(command, parameters);
      if (run >= 2) times[index]?.push(elapsedMs);
    });
  }
  const [bare = 0, ours = 0, launched = 0, debian = 0, alone] = times.map(median);
  return [
    { what: "`node -e 0`, wall time", unit: "ms", ours: bare },
    {
      what: "`serf members`, wall time",
      unit: "ms",
      ours,
      reference: debian,
      aim: atMost(ours, 1.4 * bare, "at most 1.4x `node -e 0`"),
    },
    { what: "`./serf members`, the launcher with it", unit: "ms", ours: launched },
    ...(alone === undefined ? [] : [standaloneRow(alone, debian)]),
  ];
}

function standaloneRow(ours: number, reference: number): Row {
  const what = "`out/serf members`, the standalone executable";
  return { what, unit: "ms", ours, reference, aim: atMost(ours, 15, "at most 15 ms") };
}

function timeOf(command: string, parameters: readonly string[]): number {
  const startedAt = performance.now();
  const { status } = spawnSync(command, parameters, { stdio: "ignore" });
  if (status !== 0) throw new Error(`${command} ${parameters.join(" ")} ended with ${status}`);
  return performance.now() - startedAt;
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}
