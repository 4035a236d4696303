import type { Logger } from "../base/host.ts";

/**
 * Events as an async iterator, for one reader. What the reader has not yet taken waits here, up to a bound; beyond it the oldest are
 * lost, and the log says so.
 */
export class EventStream<T> implements AsyncIterableIterator<T> {
  private readonly waiting: T[] = [];
  private readonly lengthMax: number;
  private readonly logger: Logger;
  private readonly closed: () => void;
  private wanted: ((result: IteratorResult<T>) => void)[] = [];
  private isEnded = false;
  private isLosing = false;

  constructor(options: { readonly lengthMax: number; readonly logger: Logger; readonly closed: () => void }) {
    this.lengthMax = options.lengthMax;
    this.logger = options.logger;
    this.closed = options.closed;
  }

  push(event: T): void {
    const wanted = this.wanted.shift();
    if (wanted !== undefined) {
      wanted({ value: event, done: false });
      return;
    }
    this.waiting.push(event);
    if (this.waiting.length <= this.lengthMax) return;
    this.waiting.shift();
    if (!this.isLosing)
      this.logger.log("WARN", `serf: a reader of events is too slow, the oldest of ${this.lengthMax} are lost`);
    this.isLosing = true;
  }

  /** No more events come; those waiting can still be taken. */
  end(): void {
    this.isEnded = true;
    for (const wanted of this.wanted) wanted({ value: undefined, done: true });
    this.wanted = [];
  }

  next(): Promise<IteratorResult<T>> {
    const event = this.waiting.shift();
    if (this.waiting.length === 0) this.isLosing = false;
    if (event !== undefined) return Promise.resolve({ value: event, done: false });
    if (this.isEnded) return Promise.resolve({ value: undefined, done: true });
    return new Promise((resolve) => this.wanted.push(resolve));
  }

  /** Called by `for await` when it is left. */
  return(): Promise<IteratorResult<T>> {
    this.waiting.length = 0;
    this.end();
    this.closed();
    return Promise.resolve({ value: undefined, done: true });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
