/** What the kernel says of a process (Linux only). */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";

/** CPU time spent since it started, user and system, in milliseconds. The kernel counts in ticks, usually of 10 ms. */
export function cpuMs(pid: number): number {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
  // Fields count from behind the command's closing parenthesis: it may hold spaces.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return ((Number(fields[11]) + Number(fields[12])) * 1000) / ticksPerSecond;
}

/** Memory that is resident now, in MiB. */
export function residentMiB(pid: number): number {
  const line = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
  return Number(line?.[1] ?? Number.NaN) / 1024;
}

/** Memory that is resident now, in MB: what it shares with others is counted in full. */
export function residentMB(pid: number): number {
  return (residentMiB(pid) * 1024 * 1024) / 1e6;
}

/** Memory that is resident now, in MB; what several processes share, such as a program's code, is divided among them. */
export function proportionalMB(pid: number): number {
  const line = /^Pss:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, "utf8"));
  return (Number(line?.[1] ?? Number.NaN) * 1024) / 1e6;
}

const ticksPerSecond = Number(execFileSync("getconf", ["CLK_TCK"], { encoding: "utf8" }));
