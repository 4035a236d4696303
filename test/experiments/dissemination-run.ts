/** How fast one message reaches everybody, and what it costs, measured in simulated clusters. */

import { BroadcastQueue, type QueuedListener } from "../../src/memberlist/broadcast-queue.ts";
import type { UserDataDelegate } from "../../src/memberlist/delegates.ts";
import type { MemberTable } from "../../src/memberlist/member-table.ts";
import type { MemberlistOptions } from "../../src/memberlist/options.ts";
import { SeededRandom } from "../../src/simulator/seeded-random.ts";
import { distributionOf } from "../../src/simulator/statistics.ts";
import { MemberlistCluster } from "./memberlist-cluster.ts";

export type Policy = MemberlistOptions["dissemination"];

export interface ClusterTask {
  readonly nodes: number;
  /** The share of nodes that send by the timer whatever the others do, as HashiCorp's. */
  readonly timerShare?: number;
  /** The share of members that each node does not know of. */
  readonly unknownShare?: number;
  readonly encrypted?: boolean;
  /** So many members have news of themselves, all at once and a moment before each event, as when they have just joined. */
  readonly announcements?: number;
  readonly runs: readonly Run[];
}

export interface Run {
  readonly policy: Policy;
  readonly loss: number;
  readonly events: number;
}

export interface ClusterResult {
  readonly task: ClusterTask;
  readonly results: readonly RunResult[];
}

/** Of one run; times in milliseconds from the sending to the last node, `Infinity` where a node was missed for ten seconds. */
export interface RunResult extends Run {
  readonly nodes: number;
  /** For each event, sorted. */
  readonly lastMs: readonly number[];
  readonly medianMs: number;
  readonly p99Ms: number;
  /** How long half and 99 % of all nodes waited, over all events. */
  readonly nodeMedianMs: number;
  readonly nodeP99Ms: number;
  /** Transmissions of a message in the whole cluster until it was pending nowhere, for each node. */
  readonly transmissions: number;
  /** Events that some node had not heard after ten seconds. */
  readonly missed: number;
}

/** As long as an event of 50 bytes on the wire. */
const messageBytes = 85;
const giveUpMs = 10_000;

/** The layer above: it passes on what it has not heard. */
class Rumours implements UserDataDelegate {
  readonly queue: BroadcastQueue;
  copies = 0;
  private heardLast = 0;
  private readonly heard: (id: number) => void;

  constructor(nodeCount: () => number, heard: (id: number) => void) {
    this.queue = new BroadcastQueue({ nodeCount, retransmitMult: 4, lengthMax: 1_000 });
    this.heard = heard;
  }

  begin(id: number): void {
    const message = new Uint8Array(messageBytes);
    new DataView(message.buffer).setUint32(0, id);
    this.heardLast = id;
    this.queue.queue({ message });
  }

  nodeMeta(): Uint8Array {
    return new Uint8Array();
  }

  receiveUserMessage(message: Uint8Array): void {
    const id = new DataView(message.buffer, message.byteOffset).getUint32(0);
    this.copies += 1;
    if (id <= this.heardLast) return;
    this.heardLast = id;
    this.heard(id);
    this.queue.queue({ message: message.slice(), origin: "elsewhere" });
  }

  takeBroadcasts(overheadBytes: number, bytesMax: number): readonly Uint8Array[] {
    return this.queue.take(overheadBytes, bytesMax);
  }

  whenQueued(listener: QueuedListener): void {
    this.queue.whenQueued(listener);
  }

  localState(): Uint8Array {
    return new Uint8Array();
  }

  mergeRemoteState(): void {}
}

/** How long before an event those who announce themselves have begun. */
const announcedBeforeMs = 100;

/** All runs of a task in one cluster, one after the other. */
export function measure(task: ClusterTask) {
  const { nodes, timerShare = 0, unknownShare = 0, encrypted = false, announcements = 0, runs } = task;
  const keys = encrypted ? { keys: [new Uint8Array(32).fill(7)] } : {};
  const cluster = new MemberlistCluster(nodes, { pushPullIntervalMs: 0, fastFailure: false, ...keys });
  const random = new SeededRandom(nodes, 7);
  const rumours: Rumours[] = [];
  let heard: (id: number) => void = () => undefined;
  cluster.prepare = () => {
    const one = new Rumours(
      () => nodes,
      (id) => heard(id),
    );
    rumours.push(one);
    return { userData: one };
  };
  cluster.acquaint(nodes);
  if (unknownShare > 0) forget(cluster, unknownShare, random);
  const isOld = cluster.nodes.map((_, index) => index < Math.round(nodes * timerShare));
  const use = (policy: Policy) =>
    cluster.nodes.forEach(({ memberlist }, index) => {
      memberlist.disseminate(isOld[index] ? "timer" : policy);
    });

  const { network } = cluster;
  let id = 0;
  return runs.map(({ policy, loss, events }): RunResult => {
    use(policy);
    network.setLoss(loss);
    const lastMs: number[] = [];
    const eachMs: number[] = [];
    let missed = 0;
    let copies = 0;
    for (let event = 0; event < events; event++) {
      network.run(1_000 * random.fraction());
      for (const { memberlist } of cluster.nodes.slice(0, announcements)) memberlist.updateMeta(0, () => undefined);
      if (announcements > 0) network.run(announcedBeforeMs);
      id += 1;
      const startMs = network.nowMs;
      let count = 1;
      heard = (heardId) => {
        if (heardId !== id) return;
        count += 1;
        eachMs.push(network.nowMs - startMs);
      };
      const before = rumours.reduce((total, one) => total + one.copies, 0);
      rumours[random.below(nodes)]!.begin(id);
      const all = network.runUntil(() => count === nodes, giveUpMs);
      lastMs.push(all ? network.nowMs - startMs : Number.POSITIVE_INFINITY);
      if (!all) missed += 1;
      for (let steps = 0; steps < 100 && rumours.some(({ queue }) => queue.length > 0); steps++) network.run(100);
      network.run(100);
      copies += rumours.reduce((total, one) => total + one.copies, 0) - before;
    }
    const last = distributionOf(lastMs)!;
    const each = distributionOf(eachMs)!;
    return {
      ...{ policy, loss, events, nodes, missed, lastMs: lastMs.sort((a, b) => a - b) },
      ...{ medianMs: last.median, p99Ms: last.p99, nodeMedianMs: each.median, nodeP99Ms: each.p99 },
      transmissions: copies / (1 - loss) / nodes / events,
    };
  });
}

/** Each node takes some of the others for gone. */
function forget(cluster: MemberlistCluster, share: number, random: SeededRandom): void {
  for (const { memberlist } of cluster.nodes) {
    const table = memberlist.inspect().table as MemberTable;
    const self = table.find(memberlist.options.nodeName);
    for (let row = 0; row < table.length; row++)
      if (row !== self && random.fraction() < share) table.setState(row, "left", cluster.network.nowMs);
  }
}
