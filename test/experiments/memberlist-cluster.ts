/** Many nodes of memberlist alone, as the papers compare it: without Serf's events and intents on top. */

import type { UserDataDelegate } from "../../src/memberlist/delegates.ts";
import { Directory } from "../../src/memberlist/directory.ts";
import type { MemberTable } from "../../src/memberlist/member-table.ts";
import { Memberlist } from "../../src/memberlist/memberlist.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { type SimulatedHost, SimulatedNetwork } from "../../src/simulator/index.ts";
import { keepsStreams } from "../support/keeps-streams.ts";

export interface ClusterNode {
  readonly host: SimulatedHost;
  readonly memberlist: Memberlist;
}

/** How long a node that found nobody waits before it tries again. */
const joinAgainMs = 1_000;

export class MemberlistCluster {
  readonly network: SimulatedNetwork;
  readonly nodes: ClusterNode[] = [];
  private readonly directory = new Directory();
  private readonly options: Partial<MemberlistOptions>;
  /** What a node is given beyond what all have. */
  prepare: ((number: number) => { options?: Partial<MemberlistOptions>; userData?: UserDataDelegate }) | undefined;
  /** Called when a node takes a member for dead. */
  heldForDead: ((observer: string, member: string) => void) | undefined;

  constructor(seed: number, options: Partial<MemberlistOptions> = {}) {
    this.network = new SimulatedNetwork({ seed, logLinesMax: 0 });
    this.options = options;
  }

  /** A node that knows nobody. */
  addAlone(): ClusterNode {
    const number = this.nodes.length + 1;
    const name = `n${number}`;
    const host = this.network.createHost({ name, address: `10.0.${number >> 8}.${number & 255}` });
    const { options = {}, userData } = this.prepare?.(number) ?? {};
    const memberlist = new Memberlist(
      { ...this.options, ...options, nodeName: name },
      host,
      {
        ...(userData && { userData }),
        ping: keepsStreams,
        members: {
          memberJoined: () => undefined,
          memberUpdated: () => undefined,
          memberLeft: (member) => {
            if (member.state === "dead") this.heldForDead?.(name, member.name);
          },
        },
      },
      this.directory,
    );
    const node = { host, memberlist };
    memberlist.start();
    this.nodes.push(node);
    return node;
  }

  /** One that joins the first, again and again until that has succeeded. */
  add(): ClusterNode {
    const node = this.addAlone();
    if (this.nodes.length > 1) this.join(node);
    return node;
  }

  /** So many nodes that know each other from the beginning; half a minute later, when what each has said of itself is no news any more. */
  acquaint(count: number): void {
    while (this.nodes.length < count) this.addAlone();
    const selves = this.nodes.map(({ memberlist }) => memberlist.localMember);
    for (const { memberlist } of this.nodes) {
      const table = memberlist.inspect().table as MemberTable;
      for (const self of selves) if (table.find(self.name) < 0) table.insert(self, self.incarnation, "alive", 0);
    }
    this.network.run(30_000);
    if (!this.isComplete) throw new Error("nodes that knew each other have lost each other");
  }

  get isComplete(): boolean {
    return this.nodes.every(({ memberlist }) => memberlist.aliveCount === this.nodes.length);
  }

  /** Lets time pass until all know all; undefined if that takes longer than the limit. */
  complete(limitMs: number, stepMs = 250): number | undefined {
    const deadlineMs = this.network.nowMs + limitMs;
    while (!this.isComplete) {
      if (this.network.nowMs >= deadlineMs) return undefined;
      this.network.run(stepMs);
    }
    return this.network.nowMs;
  }

  private join({ host, memberlist }: ClusterNode): void {
    const first = this.nodes[0]!.host;
    memberlist.join([`${first.address}:${first.port}`], ({ joined }) => {
      if (joined === 0) host.timers.after(joinAgainMs, () => this.join({ host, memberlist }));
    });
  }
}
