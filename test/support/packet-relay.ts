/** The program that delays, reorders and doubles the packets of a network of hosts: `packet-relay.py`, which says how. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { createInterface, type Interface } from "node:readline";
import { fileURLToPath } from "node:url";
import type { NetworkHost } from "./netns.ts";
import { requirePeer } from "./peers.ts";

const program = join(dirname(fileURLToPath(import.meta.url)), "packet-relay.py");

/** What happens to packets of UDP and TCP on their way; 0 where left out. */
export interface PacketRule {
  /** Senders and receivers that it is about; all where left out. */
  readonly from?: readonly NetworkHost[];
  readonly to?: readonly NetworkHost[];
  readonly delayMs?: number;
  /** Evenly drawn, in both directions: packets overtake one another. */
  readonly jitterMs?: number;
  /** So many of a hundred come later by `holdMs`. */
  readonly holdPercent?: number;
  readonly holdMs?: number;
  readonly duplicatePercent?: number;
}

/** What was done until the rules last changed; `lost` where a queue was full. */
export interface RelayCounts {
  readonly relayed: number;
  readonly held: number;
  readonly duplicated: number;
  readonly lost: number;
}

/** Undefined if packets can be disturbed on this machine, once networks can be made; otherwise why not. */
export function whyNoRelay(): string | undefined {
  if (requirePeer("python3") === undefined) return "disturbing packets needs python3";
  return existsSync("/dev/net/tun") ? undefined : "disturbing packets needs /dev/net/tun";
}

export class PacketRelay {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly lines: Interface;
  private complaints = "";

  private constructor(child: ChildProcessWithoutNullStreams) {
    this.child = child;
    this.lines = createInterface(child.stdout);
    child.stderr.on("data", (text) => {
      this.complaints += text;
    });
    // It may have ended; the answer that does not come tells.
    child.stdin.on("error", () => undefined);
  }

  /** Starts it by `exec`, in a namespace; resolves once its interface is there. */
  static async start(exec: readonly string[], interfaceName: string, seed: number): Promise<PacketRelay> {
    const python = requirePeer("python3") ?? "python3";
    const [command = "", ...args] = [...exec, python, program, interfaceName, String(seed)];
    const relay = new PacketRelay(spawn(command, args));
    await relay.nextLine();
    return relay;
  }

  /** The first rule that fits a packet is followed. */
  async follow(rules: readonly PacketRule[]): Promise<RelayCounts> {
    const toMacs = (hosts: readonly NetworkHost[] = []) => hosts.map(({ mac }) => mac);
    const spelled = rules.map(({ from, to, ...rule }) => ({ ...rule, from: toMacs(from), to: toMacs(to) }));
    const answer = this.nextLine();
    this.child.stdin.write(`${JSON.stringify(spelled)}\n`);
    return JSON.parse(await answer) as RelayCounts;
  }

  async close(): Promise<void> {
    if (this.child.exitCode !== null || this.child.signalCode !== null) return;
    const exited = once(this.child, "exit");
    this.child.stdin.end();
    await exited;
  }

  private nextLine(): Promise<string> {
    return new Promise((resolve, reject) => {
      const fail = () => reject(new Error(`packet-relay.py has ended: ${this.complaints}`));
      if (this.child.exitCode !== null) return fail();
      this.child.once("close", fail);
      this.lines.once("line", (line) => {
        this.child.off("close", fail);
        resolve(line);
      });
    });
  }
}
