/**
 * A network of the benchmark's own: a Linux network namespace with nothing but loopback, so that the kernel's counters of packets count the
 * cluster alone. It takes root, or a kernel that lets users have namespaces; elsewhere the benchmark runs without those figures.
 */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { sleep } from "../../test/support/wait-for.ts";

/** A probe and an answer a second, and some room. */
const restPacketsPerSecond = 4;
const restForMs = 2_000;
const restLookMs = 500;
const restDeadlineMs = 30_000;

const insideMark = "SERF_TS_BENCH_NETWORK";

/** What all processes of this namespace have sent by IPv4 since it exists. */
export interface Traffic {
  readonly datagrams: number;
  /** IP packets whole, those of streams too. */
  readonly bytes: number;
}

export function isOwnNetwork(): boolean {
  return process.env[insideMark] === "1";
}

/**
 * Runs this same program once more in a network of its own and resolves with its exit code; undefined where none can be made. Signals from
 * the terminal reach that program by themselves.
 */
export async function runInOwnNetwork(): Promise<number | undefined> {
  const unshare = process.geteuid?.() === 0 ? ["--net"] : ["--net", "--map-root-user"];
  const up = "ip link set lo up";
  if (spawnSync("unshare", [...unshare, "sh", "-c", up], { stdio: "ignore" }).status !== 0) return undefined;
  const child = spawn(
    "unshare",
    [
      ...unshare,
      "sh",
      "-c",
      `${up} && exec "$0" "$@"`,
      process.execPath,
      ...process.execArgv,
      ...process.argv.slice(1),
    ],
    { stdio: "inherit", env: { ...process.env, [insideMark]: "1" } },
  );
  process.on("SIGINT", () => undefined);
  process.on("SIGTERM", () => child.kill("SIGTERM"));
  return new Promise((resolve) => child.once("exit", (code) => resolve(code ?? 1)));
}

/** Undefined outside a network of our own: there others' packets would be counted too. */
export function readTraffic(): Traffic | undefined {
  if (!isOwnNetwork()) return undefined;
  return {
    datagrams: counter("/proc/self/net/snmp", "Udp", "OutDatagrams"),
    bytes: counter("/proc/self/net/netstat", "IpExt", "OutOctets"),
  };
}

/**
 * Resolves when `nodes` agents send hardly more than they do at rest: copies of a burst's last events go on for a while. Where packets cannot be counted,
 * after as long as that takes at most.
 */
export async function trafficAtRest(nodes: number): Promise<void> {
  const deadlineMs = performance.now() + restDeadlineMs;
  let before = readTraffic();
  let restsSinceMs = performance.now();
  while (performance.now() < deadlineMs && performance.now() - restsSinceMs < restForMs) {
    await sleep(restLookMs);
    const now = readTraffic();
    const sent = (now?.datagrams ?? Number.POSITIVE_INFINITY) - (before?.datagrams ?? 0);
    if (sent > (nodes * restPacketsPerSecond * restLookMs) / 1000) restsSinceMs = performance.now();
    before = now;
  }
}

/** These files have two lines a group, first the names, then the values. */
function counter(path: string, group: string, name: string): number {
  const [names, values] = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(" "));
  return Number(values?.[names?.indexOf(name) ?? -1] ?? Number.NaN);
}
