/** What comes in floods, and what becomes of a cluster of five under it. */

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { cpuMs, residentMiB } from "../../bench/process-figures.ts";
import { connectSerf } from "../../src/client/index.ts";
import { NodeRandom } from "../../src/host/node-random.ts";
import { SeededRandom } from "../../src/simulator/seeded-random.ts";
import { encodeMessage } from "../../src/wire/codecs.ts";
import { createLabel } from "../../src/wire/label.ts";
import { type Sealing, sealPacket } from "../../src/wire/packet-envelope.ts";
import { type Agent, waitForView } from "../support/agent.ts";
import type { Sandbox } from "../support/sandbox.ts";
import { sleep } from "../support/wait-for.ts";
import { SlowConnections, sendPackets } from "./loader.ts";

const nodes = 5;
const key = "T9jncgl9mbLus+baTTa7q7nPSUrXwbDi2dhbtqir37s=";
const packetsDrawn = 500;
const askedEveryMs = 50;
const watcher = fileURLToPath(new URL("longest-turn.mjs", import.meta.url));
const turnsWrittenEveryMs = 500;
const sampledEveryMs = 200;

export interface FloodOptions {
  readonly program: string;
  readonly perSecond: number;
  readonly seconds: number;
}

/** What a flood was, and how the agent that it was meant for fared. */
export interface FloodResult {
  readonly flood: string;
  readonly seconds: number;
  /** Packets that were sent, or connections that were opened. */
  readonly offered: number;
  /** Packets that the kernel dropped since the agent did not read them in time, or connections that it closed. */
  readonly dropped: number;
  /** Of one core. */
  readonly cpuShare: number;
  readonly peakMiB: number;
  readonly logLines: number;
  /** How long the agent took to answer over RPC, in milliseconds. */
  readonly answerMs: { readonly median: number; readonly longest: number };
  /** The longest time that its event loop was busy in one go, in milliseconds of CPU; undefined of the standalone executable, into which nothing is loaded. */
  readonly busyMs: number | undefined;
  /** How often any of the five suspected another, and held one for failed. */
  readonly suspicions: number;
  readonly failures: number;
}

type Load = (target: Agent, options: FloodOptions) => Promise<{ readonly offered: number; readonly dropped: number }>;

export const floods: Readonly<Record<string, { readonly title: string; readonly load: Load }>> = {
  none: {
    title: "nothing, for comparison",
    load: async (_, { seconds }) => {
      await sleep(seconds * 1_000);
      return { offered: 0, dropped: 0 };
    },
  },
  garbage: { title: "packets of random bytes", load: packetLoad(garbage) },
  pings: { title: "pings, sealed with the cluster's key", load: packetLoad(() => pings(key)) },
  "wrong-key": {
    title: "the same, sealed with another key",
    load: packetLoad(() => pings("WW5RY0RnRXRSeUx0RnZqVEFCQ0RFRkdISUpLTE1OT1A=")),
  },
  "rpc-idle": { title: "2,000 connections to RPC that say nothing", load: connectionLoad("rpcPort", 2_000, "") },
  "rpc-slow": {
    title: "200 connections to RPC, a byte a second",
    load: connectionLoad("rpcPort", 200, "\x82\xa7Command\xa9handshake\xa3Seq\x01"),
  },
  "gossip-slow": {
    title: "1,000 streams to the gossip port, a byte a second",
    load: connectionLoad("bindPort", 1_000, "\x0a\x00\x00\xff\xff"),
  },
};

/** Starts a cluster, floods its first agent, and looks at all of them. */
export async function runFlood(sandbox: Sandbox, name: string, options: FloodOptions): Promise<FloodResult> {
  const flood = floods[name];
  if (flood === undefined) throw new Error(`there is no flood ${name}`);
  const agents: Agent[] = [];
  const turnsPath = join(await sandbox.folder(), "turns");
  const env = { NODE_OPTIONS: `--import=${watcher}`, LONGEST_TURNS: turnsPath };
  for (let index = 0; index < nodes; index++) {
    const args = ["-log-level=info"];
    agents.push(
      await sandbox.startAgent({
        kind: "ours",
        name: `n${index}`,
        profile: "lan",
        key,
        args,
        join: agents.slice(0, 1),
        ...(index === 0 && { env }),
      }),
    );
  }
  const everybody = Object.fromEntries(agents.map(({ name }) => [name, "alive"]));
  await waitForView(agents, everybody);
  const target = agents[0]!;
  const linesBefore = target.log.split("\n").length;
  const { pid } = target.process;
  const cpuBefore = cpuMs(pid);
  const startedMs = performance.now();
  const beganMs = Date.now();
  const watch = watchAgent(target);
  const { offered, dropped } = await flood.load(target, options);
  const seconds = (performance.now() - startedMs) / 1_000;
  const cpuShare = (cpuMs(pid) - cpuBefore) / 1_000 / seconds;
  const { answersMs, peakMiB } = await watch.stop();
  const endedMs = Date.now();
  await waitForView(agents, everybody, 60_000);
  const logs = agents.map(({ log }) => log).join("\n");
  return {
    flood: flood.title,
    ...{ seconds, offered, dropped, cpuShare, peakMiB },
    logLines: target.log.split("\n").length - linesBefore,
    answerMs: { median: answersMs[answersMs.length >> 1] ?? Number.NaN, longest: answersMs.at(-1) ?? Number.NaN },
    busyMs: longestTurn(turnsPath, beganMs, endedMs),
    suspicions: logs.match(/memberlist: Suspect /g)?.length ?? 0,
    failures: logs.match(/EventMemberFailed/g)?.length ?? 0,
  };
}

/** What the agent's watcher wrote between these times. */
function longestTurn(path: string, fromMs: number, toMs: number): number | undefined {
  if (!existsSync(path)) return undefined;
  const turns = readFileSync(path, "utf8")
    .trim()
    .split("\n")
    .map((line) => line.split(" ").map(Number) as [number, number])
    .filter(([atMs]) => atMs > fromMs + turnsWrittenEveryMs && atMs <= toMs);
  return Math.max(...turns.map(([, ms]) => ms));
}

/** Asks it something again and again over a connection that it had before, and looks at its memory. */
function watchAgent({ rpcAddress, process: { pid } }: Agent): {
  stop(): Promise<{ readonly answersMs: readonly number[]; readonly peakMiB: number }>;
} {
  let isStopped = false;
  let peakMiB = residentMiB(pid);
  const sampler = setInterval(() => {
    peakMiB = Math.max(peakMiB, residentMiB(pid));
  }, sampledEveryMs);
  const asking = (async () => {
    const client = await connectSerf({ address: rpcAddress });
    const answersMs: number[] = [];
    while (!isStopped) {
      const askedMs = performance.now();
      await client.stats();
      answersMs.push(performance.now() - askedMs);
      await sleep(askedEveryMs);
    }
    await client.close();
    return answersMs.sort((a, b) => a - b);
  })();
  return {
    stop: async () => {
      isStopped = true;
      clearInterval(sampler);
      return { answersMs: await asking, peakMiB };
    },
  };
}

function packetLoad(draw: () => readonly Uint8Array[]): Load {
  return async ({ address, place }, { program, perSecond, seconds }) => {
    const before = kernelDrops(place.bindPort);
    const offered = await sendPackets({ program, to: address, packets: draw(), perSecond, seconds });
    return { offered, dropped: kernelDrops(place.bindPort) - before };
  };
}

function connectionLoad(to: "rpcPort" | "bindPort", count: number, text: string): Load {
  return async ({ place }, { seconds }) => {
    const connections = new SlowConnections(place[to], count, Buffer.from(text, "latin1"));
    await sleep(seconds * 1_000);
    const { refused } = connections;
    connections.close();
    return { offered: count, dropped: refused };
  };
}

function garbage(): readonly Uint8Array[] {
  const random = new SeededRandom(7);
  return Array.from({ length: packetsDrawn }, () => random.fill(new Uint8Array(1 + random.below(1_400))));
}

function pings(base64: string): readonly Uint8Array[] {
  const sealing: Sealing = {
    label: createLabel(""),
    keys: [Buffer.from(base64, "base64")],
    encryptionVersion: 1,
    compress: false,
    random: new NodeRandom(),
  };
  const ping = { kind: "ping", node: "n0", sourceAddress: "", sourcePort: 0, sourceNode: "" } as const;
  return Array.from({ length: packetsDrawn }, (_, sequence) =>
    sealPacket([encodeMessage({ ...ping, sequence })], sealing, false),
  );
}

/** Of the sockets at that UDP port: the kernel counts what it had no room for. */
function kernelDrops(port: number): number {
  const local = `:${port.toString(16).toUpperCase().padStart(4, "0")}`;
  const lines = readFileSync("/proc/net/udp", "utf8")
    .split("\n")
    .map((line) => line.trim().split(/\s+/));
  return lines.filter(([, address]) => address?.endsWith(local)).reduce((sum, line) => sum + Number(line.at(-1)), 0);
}

export function formatFloods(results: readonly FloodResult[]): string {
  const grouped = (count: number): string => Math.round(count).toLocaleString("en-US");
  const rows = results.map((result) =>
    [
      result.flood,
      `${result.seconds.toFixed(0)} s`,
      grouped(result.offered),
      grouped(result.dropped),
      grouped((result.offered - result.dropped) / result.seconds),
      `${Math.round(result.cpuShare * 100)} %`,
      `${Math.round(result.peakMiB)} MiB`,
      grouped(result.logLines),
      `${result.answerMs.median.toFixed(1)} / ${result.answerMs.longest.toFixed(0)} ms`,
      result.busyMs === undefined ? "" : `${result.busyMs.toFixed(0)} ms`,
      result.suspicions,
      result.failures,
    ].join(" | "),
  );
  return [
    "| flood | for | offered | dropped or closed | taken a second | CPU, of one core | memory at most | log lines | RPC answers, median / longest | busy in one go | suspicions | failures |",
    "|---|---|---|---|---|---|---|---|---|---|---|---|",
    ...rows.map((row) => `| ${row} |`),
  ].join("\n");
}
