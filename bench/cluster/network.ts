/**
 * A network of the benchmark's own: a Linux network namespace with nothing but loopback, so that the kernel's counters of packets count the
 * cluster alone. It takes root, or a kernel that lets users have namespaces; elsewhere the benchmark runs without those figures.
 */

import { spawn, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";

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

/** These files have two lines a group, first the names, then the values. */
function counter(path: string, group: string, name: string): number {
  const [names, values] = readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line.startsWith(`${group}: `))
    .map((line) => line.split(" "));
  return Number(values?.[names?.indexOf(name) ?? -1] ?? Number.NaN);
}
