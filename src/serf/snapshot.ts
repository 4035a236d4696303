import { formatEndpoint } from "../base/address.ts";
import { SerfError } from "../base/errors.ts";
import type { Host, OpenedFile } from "../base/host.ts";
import { Ticker } from "../base/ticker.ts";
import type { SerfEvent } from "./events.ts";
import type { LamportClock } from "./lamport-clock.ts";
import type { SerfMember } from "./member.ts";
import {
  type ReadSnapshot,
  readSnapshot,
  renderSnapshot,
  type SnapshotState,
  snapshotLine,
} from "./snapshot-format.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";

/** How often the clocks are looked at. */
const clockIntervalMs = 500;

export interface SnapshotOptions {
  readonly path: string;
  /** A leave does not forget the members of before. */
  readonly rejoinAfterLeave: boolean;
}

/** The clocks of the running node, whose times are written down. */
export interface SnapshotClocks {
  readonly membership: LamportClock;
  readonly queries: LamportClock;
}

/** A member of before this node restarted. */
export interface PreviousMember {
  readonly name: string;
  /** "10.0.0.1:7946" */
  readonly address: string;
}

/**
 * What a node remembers beyond its end: the members that may be joined again, and how far the Lamport clocks were, so that
 * nothing of before is taken for new.
 */
export class Snapshot {
  /** What the former process left, as it was when this one began; the node takes its clocks up from there. */
  readonly former: Readonly<Pick<SnapshotState, "clock" | "eventClock" | "queryClock">>;
  readonly formerAlive: readonly PreviousMember[];
  readonly formerFailed: readonly PreviousMember[];

  private readonly state: SnapshotState;
  private readonly clocks: SnapshotClocks;
  private readonly writer: SnapshotWriter;
  private readonly ticker: Ticker;
  private hasLeft = false;

  private constructor(opened: OpenedFile, { state, isTorn }: ReadSnapshot, clocks: SnapshotClocks, host: Host) {
    this.state = state;
    this.clocks = clocks;
    const { clock, eventClock, queryClock } = state;
    this.former = { clock, eventClock, queryClock };
    this.formerAlive = list(state.alive);
    this.formerFailed = list(state.failed);
    this.writer = new SnapshotWriter(
      {
        file: opened.file,
        sizeBytes: opened.content.length,
        isTorn,
        render: () => renderSnapshot(this.state, this.hasLeft),
        aliveCount: () => this.state.alive.size,
      },
      host,
    );
    const { timers, random } = host;
    const handleTick = () => this.recordClocks();
    this.ticker = new Ticker({ timers, random, intervalMs: () => clockIntervalMs, handleTick });
  }

  /** Throws SNAPSHOT_FAILED if the file can be neither opened nor created. */
  static open({ path, rejoinAfterLeave }: SnapshotOptions, clocks: SnapshotClocks, host: Host): Snapshot {
    const opened = host.storage.open(path);
    if ("error" in opened)
      throw new SerfError("SNAPSHOT_FAILED", `Failed to setup snapshot: failed to open snapshot: ${opened.error}`);
    const read = readSnapshot(opened.content, rejoinAfterLeave);
    for (const warning of read.warnings) host.logger.log("WARN", `serf: ${warning}`);
    return new Snapshot(opened, read, clocks, host);
  }

  start(): void {
    this.ticker.start();
  }

  /** Takes note of an event, before any coalescing. After a leave nothing is noted any more. */
  record(event: SerfEvent): void {
    if (this.hasLeft) return;
    switch (event.kind) {
      case "member-join":
        for (const member of event.members) this.recordAlive(member);
        break;
      case "member-failed":
        for (const member of event.members) this.recordFailed(member);
        break;
      case "member-leave":
      case "member-reap":
        for (const { name } of event.members) this.forget(name);
        break;
      case "user":
        this.recordEventTime(event.lamportTime);
        return;
      default:
        return;
    }
    this.recordClocks();
  }

  /** No more attempts to reach that member are wanted. */
  forget(name: string): void {
    const wasAlive = this.state.alive.delete(name);
    const wasFailed = this.state.failed.delete(name);
    if (wasAlive || wasFailed) this.writer.append(snapshotLine.gone(name));
  }

  /** This node leaves on purpose: unless it is to rejoin, whoever reads the file later starts alone. */
  leave(): void {
    this.ticker.stop();
    this.recordClocks();
    this.hasLeft = true;
    this.writer.append(snapshotLine.leave);
    this.writer.flushNow();
  }

  stop(): void {
    this.ticker.stop();
    if (!this.hasLeft) this.recordClocks();
    this.writer.finish();
  }

  private recordAlive(member: SerfMember): void {
    const { name } = member;
    if (!isOneLine(name)) return;
    const address = formatEndpoint(member);
    this.state.failed.delete(name);
    this.state.alive.set(name, address);
    this.writer.append(snapshotLine.alive(name, address));
  }

  private recordFailed(member: SerfMember): void {
    const { name } = member;
    if (!isOneLine(name)) return;
    const address = formatEndpoint(member);
    this.state.alive.delete(name);
    this.state.failed.set(name, address);
    this.writer.append(snapshotLine.failed(name, address));
  }

  private recordEventTime(lamportTime: number): void {
    if (lamportTime <= this.state.eventClock) return;
    this.state.eventClock = lamportTime;
    this.writer.append(snapshotLine.eventClock(lamportTime));
  }

  /** Intents and queries move clocks without any event. A clock shows the time after the newest that it has seen. */
  private recordClocks(): void {
    const clock = this.clocks.membership.time - 1;
    if (clock > this.state.clock) {
      this.state.clock = clock;
      this.writer.append(snapshotLine.clock(clock));
    }
    const queryClock = this.clocks.queries.time - 1;
    if (queryClock > this.state.queryClock) {
      this.state.queryClock = queryClock;
      this.writer.append(snapshotLine.queryClock(queryClock));
    }
  }
}

/** A name comes from others, and one with a line feed could say anything in our file. */
function isOneLine(name: string): boolean {
  return !name.includes("\n");
}

function list(addresses: ReadonlyMap<string, string>): PreviousMember[] {
  return [...addresses].map(([name, address]) => ({ name, address }));
}
