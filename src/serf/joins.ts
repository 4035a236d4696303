import type { JoinResult } from "../memberlist/joiner.ts";

interface PendingJoin {
  readonly addresses: readonly string[];
  readonly replay: boolean;
  readonly done: (result: JoinResult) => void;
}

type JoinMembers = (addresses: readonly string[], done: (result: JoinResult) => void) => void;

/**
 * Joins run one after another. Whether old user events are wanted is asked of each join, while the push/pulls it makes do
 * not say to which join they belong.
 */
export class Joins {
  private readonly joinMembers: JoinMembers;
  private readonly waiting: PendingJoin[] = [];
  private current: PendingJoin | undefined;

  constructor(joinMembers: JoinMembers) {
    this.joinMembers = joinMembers;
  }

  /** False while a join is under way that does not want the user events of before. */
  get replays(): boolean {
    return this.current?.replay ?? true;
  }

  join(addresses: readonly string[], replay: boolean, done: (result: JoinResult) => void): void {
    this.waiting.push({ addresses, replay, done });
    if (this.current === undefined) this.startNext();
  }

  private startNext(): void {
    this.current = this.waiting.shift();
    if (this.current === undefined) return;
    const { addresses, done } = this.current;
    this.joinMembers(addresses, (result) => {
      try {
        done(result);
      } finally {
        this.startNext();
      }
    });
  }
}
