/** How many records wait, unless said otherwise, for a consumer that is slower than the agent; newer ones are dropped and counted. */
const waitingMaxDefault = 1_024;

interface Taker<T> {
  resolve(result: IteratorResult<T, undefined>): void;
  reject(error: Error): void;
}

/**
 * Records that an agent streams, for one consumer: `for await (const event of subscription)`. Leaving the loop stops the
 * stream. When the connection breaks, what arrived before is still handed out, and then CONNECTION_CLOSED is thrown.
 */
export class Subscription<T> implements AsyncIterableIterator<T> {
  private readonly onStop: () => Promise<void>;
  private readonly waitingMax: number;
  private readonly waiting: T[] = [];
  private readonly takers: Taker<T>[] = [];
  private ended = false;
  private failure: Error | undefined;
  private droppedCount = 0;

  constructor(onStop: () => Promise<void>, waitingMax = waitingMaxDefault) {
    this.onStop = onStop;
    this.waitingMax = waitingMax;
  }

  /** Records lost because they were not consumed in time. */
  get dropped(): number {
    return this.droppedCount;
  }

  /** Asks the agent to stop and ends the iteration at once. Does nothing if it has ended. */
  async stop(): Promise<void> {
    if (this.ended) return;
    this.waiting.length = 0;
    this.end(undefined);
    await this.onStop();
  }

  next(): Promise<IteratorResult<T, undefined>> {
    if (this.waiting.length > 0) return Promise.resolve({ done: false, value: this.waiting.shift()! });
    if (!this.ended) return new Promise((resolve, reject) => this.takers.push({ resolve, reject }));
    const { failure } = this;
    this.failure = undefined;
    return failure === undefined ? Promise.resolve({ done: true, value: undefined }) : Promise.reject(failure);
  }

  async return(): Promise<IteratorResult<T, undefined>> {
    await this.stop();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  /** For the connection alone: a record arrived. */
  offer(record: T): void {
    if (this.ended) return;
    const taker = this.takers.shift();
    if (taker !== undefined) taker.resolve({ done: false, value: record });
    else if (this.waiting.length < this.waitingMax) this.waiting.push(record);
    else this.droppedCount += 1;
  }

  /** For the connection alone: no more records come; with a failure if nobody asked for the end. */
  end(failure: Error | undefined): void {
    if (this.ended) return;
    this.ended = true;
    this.failure = failure;
    for (const taker of this.takers.splice(0)) {
      if (failure === undefined) taker.resolve({ done: true, value: undefined });
      else taker.reject(failure);
    }
  }
}
