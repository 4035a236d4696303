/** A cluster of real agents, each a process of its own, with numbers for names. */

import type { Agent } from "../../test/support/agent.ts";
import type { Sandbox } from "../../test/support/sandbox.ts";
import type { Kind } from "../../test/support/serf-command.ts";
import { waitFor } from "../../test/support/wait-for.ts";
import { RpcSocket } from "../rpc-socket.ts";

/** Who the agents are: all ours, all Debian's, by turns, or Debian's but for the first. */
export type Mix = Kind | "mixed" | "guest";

export const mixes: readonly Mix[] = ["ours", "mixed", "debian"];

/** Digits of a node's number in its name. */
export const nameDigits = 3;
/** Starting is CPU alone: more at once would only make each slower. */
const startsAtOnce = 4;
const joinDeadlineMs = 120_000;

export class LiveCluster {
  readonly agents: Agent[] = [];
  private readonly mix: Mix;
  private readonly sandbox: Sandbox;
  private readonly oursArgs: readonly string[];

  private constructor(mix: Mix, sandbox: Sandbox, oursArgs: readonly string[]) {
    this.mix = mix;
    this.sandbox = sandbox;
    this.oursArgs = oursArgs;
  }

  /** Starts so many agents that know nothing of each other, and waits until all of them run. `oursArgs` are flags for ours. */
  static async start(
    mix: Mix,
    nodes: number,
    sandbox: Sandbox,
    oursArgs: readonly string[] = [],
  ): Promise<LiveCluster> {
    const cluster = new LiveCluster(mix, sandbox, oursArgs);
    let next = 0;
    const startNext = async () => {
      while (next < nodes) {
        const index = next++;
        cluster.agents[index] = await sandbox.startAgent(cluster.optionsOf(index));
      }
    };
    await Promise.all(Array.from({ length: startsAtOnce }, startNext));
    return cluster;
  }

  get size(): number {
    return this.agents.length;
  }

  /** One connection to each agent. */
  connect(): Promise<RpcSocket[]> {
    return Promise.all(this.agents.map((agent) => RpcSocket.connect(agent.place.rpcPort)));
  }

  /**
   * Has all join the first at once, and resolves with how many milliseconds went by until every agent knew of every other. When that was
   * is read in their logs, which costs them less than being asked.
   */
  async join(): Promise<number> {
    const monitors = await this.connect();
    let missing = this.size * (this.size - 1);
    let completeAtMs = 0;
    for (const [index, monitor] of monitors.entries()) {
      const known = new Set([index]);
      monitor.watch(memberMark("Join"), nameDigits, (number, atMs) => {
        if (known.has(number)) return;
        known.add(number);
        if (--missing === 0) completeAtMs = atMs;
      });
      await monitor.ask("monitor", { LogLevel: "INFO" });
    }
    const callers = await this.connect();
    const startedAtMs = performance.now();
    const request = { Existing: [this.agents[0]!.address], Replay: false };
    for (const caller of callers.slice(1)) caller.send("join", request);
    await waitFor(() => completeAtMs > 0, {
      what: `${this.size} agents to know each other (${this.mix})`,
      deadlineMs: joinDeadlineMs,
      intervalMs: 20,
    });
    await Promise.all(callers.map((caller) => caller.answered()));
    for (const socket of [...monitors, ...callers]) socket.close();
    await this.expectAllAlive();
    return completeAtMs - startedAtMs;
  }

  /** Starts again, at its place and under its name, an agent that was killed, and has it join. */
  async restart(index: number): Promise<void> {
    const { place } = this.agents[index]!;
    const join = [this.agents[index === 0 ? 1 : 0]!];
    this.agents[index] = await this.sandbox.startAgent({ ...this.optionsOf(index), place, join });
  }

  /** Says of each agent that all are alive, or waits until that is so. */
  expectAllAlive(): Promise<unknown> {
    return waitFor(
      async () => {
        for (const agent of this.agents) {
          const alive = (await agent.members()).filter(({ status }) => status === "alive").length;
          if (alive !== this.size) throw new Error(`${agent.name} sees ${alive} of ${this.size} alive`);
        }
      },
      { what: "every agent to see all alive", deadlineMs: joinDeadlineMs, intervalMs: 500 },
    );
  }

  private optionsOf(index: number) {
    const kind = this.kindOf(index);
    const name = `node-${String(index).padStart(nameDigits, "0")}`;
    const args = ["-log-level=warn", ...(kind === "ours" ? this.oursArgs : [])];
    return { kind, name, profile: "lan", args } as const;
  }

  private kindOf(index: number): Kind {
    if (this.mix === "mixed") return index % 2 === 0 ? "ours" : "debian";
    if (this.mix === "guest") return index === 0 ? "ours" : "debian";
    return this.mix;
  }
}

/** What stands in a log before the number of a member that joined or failed. */
export function memberMark(change: "Join" | "Failed"): string {
  return `EventMember${change}: node-`;
}
