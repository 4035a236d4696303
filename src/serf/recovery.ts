import type { Host } from "../base/host.ts";
import type { JoinResult } from "../memberlist/joiner.ts";
import type { SerfEvent } from "./events.ts";
import type { Membership } from "./membership.ts";
import type { Queries } from "./queries.ts";
import { Rejoiner } from "./rejoiner.ts";
import { Snapshot, type SnapshotOptions } from "./snapshot.ts";
import type { UserEvents } from "./user-events.ts";

export interface RecoveryParts {
  readonly nodeName: string;
  readonly membership: Membership;
  readonly events: UserEvents;
  readonly queries: Queries;
  /** How long members of before that do not answer are tried. */
  readonly retryForMs: number;
  join(address: string, done: (result: JoinResult) => void): void;
}

/** What a node with a snapshot does more than one without: it takes up its clocks, its members and its cluster again. */
export class Recovery {
  private readonly snapshot: Snapshot;
  private readonly rejoiner: Rejoiner;

  /** Reads the file. Throws SNAPSHOT_FAILED. */
  constructor(options: SnapshotOptions, parts: RecoveryParts, host: Host) {
    const { membership, events, queries, nodeName, join, retryForMs } = parts;
    this.snapshot = Snapshot.open(options, { membership: membership.clock, queries: queries.clock }, host);
    const { clock, eventClock, queryClock } = this.snapshot.former;
    membership.clock.witness(clock);
    events.resumeAfter(eventClock);
    queries.resumeAfter(queryClock);
    const isOther = ({ name }: { readonly name: string }) => name !== nodeName;
    this.rejoiner = new Rejoiner(
      {
        alive: this.snapshot.formerAlive.filter(isOther),
        failed: this.snapshot.formerFailed.filter(isOther),
        retryForMs,
        whatIsKnownOf: (name) => {
          if (membership.member(name) !== undefined) return "member";
          return membership.hasHeardOfLeave(name) ? "left" : "nothing";
        },
        join,
        forget: (name) => this.snapshot.forget(name),
      },
      host,
    );
  }

  /** True while this node tries to get back to its cluster. */
  get isJoining(): boolean {
    return this.rejoiner.isJoining;
  }

  start(): void {
    this.snapshot.start();
    this.rejoiner.start();
  }

  /** Every event, before any coalescing. */
  record(event: SerfEvent): void {
    this.snapshot.record(event);
  }

  handleRetry(): void {
    this.rejoiner.handleRetry();
  }

  leave(): void {
    this.rejoiner.stop();
    this.snapshot.leave();
  }

  stop(): void {
    this.rejoiner.stop();
    this.snapshot.stop();
  }
}
