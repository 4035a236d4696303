/** What `serf dev` does with its cluster: forms it, plays what was asked for, and measures how long everybody takes to agree. */

import { formatEndpoint } from "../../base/address.ts";
import { readResidentBytes } from "../../host/process-limits.ts";
import type { LocalCluster } from "../../local-cluster/local-cluster.ts";
import type { Split } from "./option-types.ts";
import type { View } from "./view.ts";

/** What happens once the cluster has formed, in this order. */
export interface Play {
  /** "name" or "name=payload"; empty for none. */
  readonly event: string;
  readonly killShare: number;
  readonly split: Split | undefined;
}

const tickMs = 500;

export class DevSession {
  private readonly cluster: LocalCluster;
  private readonly view: View;
  private readonly startedMs = performance.now();
  private readonly timer: NodeJS.Timeout;
  private cpu = process.cpuUsage();
  private cpuAtMs = performance.now();
  /** Called with each census. */
  private observers: ((agreed: boolean) => void)[] = [];

  constructor(cluster: LocalCluster, view: View) {
    this.cluster = cluster;
    this.view = view;
    this.timer = setInterval(() => this.tick(), tickMs);
  }

  /** Rejects as `LocalCluster.start` and `join` do. */
  async form(): Promise<void> {
    await this.cluster.start();
    const { nodes } = this.cluster;
    // Told to stop already.
    if (nodes.length === 0) return;
    const rpc = nodes.flatMap(({ agent }) => (agent.rpcAddress === "" ? [] : [agent.rpcAddress]));
    const first = formatEndpoint(nodes[0]!.endpoint);
    const asked = rpc.length === 0 ? "" : `, RPC at ${rpc.join(" ")}`;
    this.view.tell("started", `${nodes.length} nodes listen, the first at ${first}${asked}`, {
      nodes: nodes.length,
      first,
      rpc,
    });
    await this.untilAgreed("joined", "all nodes see all", async () => {
      await this.cluster.join();
      void this.cluster.repair();
    });
  }

  async play({ event, killShare, split }: Play): Promise<void> {
    if (event !== "") await this.sendEvent(event);
    if (killShare > 0) await this.kill(killShare);
    if (split === undefined) return;
    await this.cut(split.share);
    await new Promise((resolve) => setTimeout(resolve, split.forMs).unref());
    await this.heal();
  }

  async sendEvent(event: string): Promise<void> {
    const [, name = event, payload = ""] = /^([^=]+)=(.*)$/s.exec(event) ?? [];
    const { nodes } = this.cluster;
    const spread = await this.cluster.event(name, payload);
    const ms = Math.round(spread.ms);
    const whom = spread.missing === 0 ? `all ${nodes.length}` : `${nodes.length - spread.missing} of ${nodes.length}`;
    this.view.tell("event", `event "${name}" reached ${whom} nodes in ${ms} ms`, { name, ms, missing: spread.missing });
  }

  async kill(share: number): Promise<void> {
    const count = Math.max(1, Math.round(this.cluster.nodes.length * share));
    await this.untilAgreed("failed", "all that live know who failed", async () => {
      const names = this.cluster.kill(count).map(({ name }) => name);
      const shown = names.length > 5 ? `${names.slice(0, 5).join(" ")} ...` : names.join(" ");
      this.view.tell("killed", `${names.length} nodes killed: ${shown}`, { names });
    });
  }

  async cut(share: number): Promise<void> {
    await this.untilAgreed("parted", "each side sees just itself", async () => {
      this.cluster.cut(share);
      const sides = [Math.round(this.cluster.nodes.length * share)];
      sides.push(this.cluster.nodes.length - sides[0]!);
      this.view.tell("cut", `the network is cut: ${sides.join(" and ")} nodes`, { sides });
    });
  }

  async heal(): Promise<void> {
    await this.untilAgreed("healed", "all nodes see all again", async () => {
      this.cluster.heal();
      this.view.tell("whole", "the network is whole again");
    });
  }

  async stop(): Promise<void> {
    clearInterval(this.timer);
    this.view.close();
    await this.cluster.stop();
  }

  /** Tells how long it took from the begin of `act` until every node saw what is true. */
  private async untilAgreed(event: string, text: string, act: () => Promise<void>): Promise<void> {
    const startedMs = performance.now();
    const cpuBefore = process.cpuUsage();
    await act();
    await new Promise<void>((resolve) => {
      const observe = (agreed: boolean): void => {
        if (!agreed) return;
        this.observers = this.observers.filter((other) => other !== observe);
        resolve();
      };
      this.observers.push(observe);
    });
    const seconds = round((performance.now() - startedMs) / 1000, 1);
    const { user, system } = process.cpuUsage(cpuBefore);
    const cpuSeconds = round((user + system) / 1e6, 1);
    const memoryMiB = Math.round((readResidentBytes() ?? 0) / 2 ** 20);
    this.view.tell(event, `${text} after ${seconds} s (${cpuSeconds} s of CPU, ${memoryMiB} MiB)`, {
      seconds,
      cpuSeconds,
      memoryMiB,
    });
  }

  private tick(): void {
    const census = this.cluster.census();
    if (census.nodes === 0) return;
    const nowMs = performance.now();
    const { user, system } = process.cpuUsage(this.cpu);
    const cpuMsPerNodeSecond = round((user + system) / (nowMs - this.cpuAtMs) / census.nodes, 3);
    [this.cpu, this.cpuAtMs] = [process.cpuUsage(), nowMs];
    const memoryMiB = Math.round((readResidentBytes() ?? 0) / 2 ** 20);
    const seconds = round((nowMs - this.startedMs) / 1000, 1);
    this.view.show({ ...census, seen: round(census.seen, 5), cpuMsPerNodeSecond, memoryMiB, seconds });
    for (const observe of [...this.observers]) observe(census.complete === census.nodes);
  }
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
