import type { Directory } from "../memberlist/directory.ts";
import type { MemberlistInside } from "../memberlist/memberlist.ts";
import type { SerfEvent } from "../serf/events.ts";
import type { Tags } from "../serf/member.ts";
import type { SerfOptions } from "../serf/options.ts";
import { Serf } from "../serf/serf.ts";
import type { SerfInside } from "../serf/stats.ts";
import type { SimulatedHost } from "./simulated-host.ts";
import type { TurnCause } from "./simulated-process.ts";

/**
 * "up": takes part, if perhaps paused. "leaving": asked to leave. "left": done with that, and shut down. "down": crashed. "gone": ended by
 * itself, because it lost its name.
 */
export type NodeCondition = "up" | "leaving" | "left" | "down" | "gone";

/** What a simulation wants to know of its nodes. */
export interface NodeWatcher {
  turned(node: SimulatedNode, cause: TurnCause): void;
  told(node: SimulatedNode, event: SerfEvent): void;
  /** It ended by itself, because the others would not have it under this name. */
  lostName(node: SimulatedNode): void;
}

/** One life of a node: a process that runs Serf on a simulated machine, from its start to its end. */
export class SimulatedNode {
  readonly name: string;
  /** Counts all lives of all nodes of a simulation, from 0. */
  readonly id: number;
  readonly host: SimulatedHost;
  readonly serf: Serf;
  readonly serfInside: SerfInside;
  readonly memberlistInside: MemberlistInside;
  readonly startedMs: number;
  /** When it was over; undefined while it is not. */
  endedMs: number | undefined;
  condition: NodeCondition = "up";
  tags: Tags;
  /** Since when it has known of others. */
  joinedMs: number | undefined;
  /** What a former process left in the snapshot file; undefined if there was none. */
  readonly formerSnapshot: Uint8Array | undefined;
  /** Nothing was done to its disk, nor to it, that would excuse a snapshot for being incomplete. */
  hasSoundDisk: boolean;

  constructor(
    { name, id, startedMs }: { readonly name: string; readonly id: number; readonly startedMs: number },
    host: SimulatedHost,
    options: Partial<SerfOptions>,
    directory: Directory,
    watcher: NodeWatcher,
  ) {
    this.name = name;
    this.id = id;
    this.host = host;
    this.startedMs = startedMs;
    this.tags = options.tags ?? {};
    this.hasSoundDisk = !host.disk.isReadOnly && host.disk.capacityBytes === Number.POSITIVE_INFINITY;
    this.formerSnapshot =
      options.snapshotPath === undefined ? undefined : host.disk.read(options.snapshotPath)?.slice();
    this.serf = new Serf({ ...options, nodeName: name }, host, (event) => watcher.told(this, event), directory);
    this.serfInside = this.serf.inspect();
    this.memberlistInside = this.serf.memberlist.inspect();
    this.serf.onShutdown(() => {
      if (this.condition !== "up") return;
      this.end("gone");
      watcher.lostName(this);
    });
    host.process.listener = (cause) => watcher.turned(this, cause);
  }

  /** It runs, and does not mean to stop. */
  get isUp(): boolean {
    return this.condition === "up";
  }

  get endpoint(): string {
    return `${this.host.address}:${this.host.port}`;
  }

  /** Has its process do something, as a command to it would: now, or when it is no longer paused. */
  command(action: () => void): void {
    this.host.process.take("timer", action);
  }

  /** Notes how the life went on, or ended, and when. */
  end(condition: Exclude<NodeCondition, "up">): void {
    this.condition = condition;
    if (condition !== "leaving") this.endedMs ??= this.host.clock.monotonicMs();
  }
}
