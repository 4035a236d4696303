/** How long a killed process goes unnoticed. */

import { waitFor } from "../../test/support/wait-for.ts";
import { RpcSocket } from "../rpc-socket.ts";
import { type LiveCluster, memberMark, nameDigits } from "./live-cluster.ts";

const noticeDeadlineMs = 60_000;

/**
 * Kills so many agents, each when the one before is back, and says of each how many milliseconds later the last of the others had declared
 * it failed. When that was is read in their logs: the events wait in the agents to be coalesced, and asking would cost them.
 */
export async function measureDetection(
  cluster: LiveCluster,
  kills: number,
  progress: (line: string) => void,
): Promise<readonly number[]> {
  const watchers = await Promise.all(cluster.agents.map(({ place }) => Watcher.open(place.rpcPort)));
  const noticedMs: number[] = [];
  try {
    for (let kill = 0; kill < kills; kill++) {
      const victim = 1 + ((kill * Math.max(1, Math.floor((cluster.size - 1) / kills))) % (cluster.size - 1));
      noticedMs.push(await killOne(cluster, watchers, victim));
      progress(`agent ${victim} was killed: all knew after ${Math.round(noticedMs.at(-1)!)} ms`);
      if (kill + 1 === kills) break;
      watchers[victim]!.close();
      const restartedAtMs = performance.now();
      await cluster.restart(victim);
      watchers[victim] = await Watcher.open(cluster.agents[victim]!.place.rpcPort);
      const others = watchers.filter((_, index) => index !== victim);
      await waitFor(() => others.every((watcher) => (watcher.joinedAtMs.get(victim) ?? 0) > restartedAtMs), {
        what: `all to see agent ${victim} again`,
        deadlineMs: noticeDeadlineMs,
      });
    }
    return noticedMs;
  } finally {
    for (const watcher of watchers) watcher.close();
  }
}

async function killOne(cluster: LiveCluster, watchers: readonly Watcher[], victim: number): Promise<number> {
  const others = watchers.filter((_, index) => index !== victim);
  const killedAtMs = performance.now();
  await cluster.agents[victim]!.kill();
  const noticesAt = () => others.map((watcher) => watcher.failedAtMs.get(victim) ?? 0);
  await waitFor(() => noticesAt().every((atMs) => atMs > killedAtMs), {
    what: `all to see agent ${victim} failed`,
    deadlineMs: noticeDeadlineMs,
    intervalMs: 20,
  });
  return Math.max(...noticesAt()) - killedAtMs;
}

/** Reads in an agent's log when it saw whom join and fail. */
class Watcher {
  readonly joinedAtMs = new Map<number, number>();
  readonly failedAtMs = new Map<number, number>();
  private readonly monitor: RpcSocket;

  private constructor(monitor: RpcSocket) {
    this.monitor = monitor;
    monitor.watch(memberMark("Join"), nameDigits, (number, atMs) => this.joinedAtMs.set(number, atMs));
    monitor.watch(memberMark("Failed"), nameDigits, (number, atMs) => this.failedAtMs.set(number, atMs));
  }

  static async open(port: number): Promise<Watcher> {
    const watcher = new Watcher(await RpcSocket.connect(port));
    await watcher.monitor.ask("monitor", { LogLevel: "INFO" });
    return watcher;
  }

  close(): void {
    this.monitor.close();
  }
}
