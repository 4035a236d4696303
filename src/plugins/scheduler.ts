import type { PluginScheduler } from "./plugin.ts";

/** Where time comes from: the real one, or a bench's. */
export interface TimerSource {
  nowMs(): number;
  /** Calls once, so long from now, never at once. Returns what cancels it. */
  after(delayMs: number, fire: () => void): () => void;
}

type Work = () => void | Promise<void>;

/** A plugin's timers and the work they start. Work that throws or rejects is the plugin's failure. */
export class Scheduler implements PluginScheduler {
  /** How much work has begun and is not done. */
  workingCount = 0;
  private readonly timers: TimerSource;
  private readonly fail: (error: unknown) => void;
  private readonly cancels = new Set<() => void>();
  private stopped = false;

  constructor(timers: TimerSource, fail: (error: unknown) => void) {
    this.timers = timers;
    this.fail = fail;
  }

  after(delayMs: number, fire: Work): () => void {
    return this.wait(delayMs, () => void this.perform(fire));
  }

  every(intervalMs: number, fire: Work): () => void {
    let ended = false;
    let cancel = (): void => undefined;
    const next = (): void => {
      if (ended) return;
      cancel = this.wait(intervalMs, () => void this.perform(fire).then(next));
    };
    next();
    return () => {
      ended = true;
      cancel();
    };
  }

  debounce(work: Work, { quietMs, waitMaxMs }: { readonly quietMs: number; readonly waitMaxMs: number }): () => void {
    let firstAskedMs: number | undefined;
    let cancel = (): void => undefined;
    let working = false;
    const begin = (): void => {
      // Asked for again while it works: once more, when that is done.
      if (working) return;
      firstAskedMs = undefined;
      working = true;
      void this.perform(work).then(() => {
        working = false;
        if (firstAskedMs !== undefined) waitAgain(firstAskedMs);
      });
    };
    const waitAgain = (firstMs: number): void => {
      cancel();
      const nowMs = this.timers.nowMs();
      cancel = this.wait(Math.max(0, Math.min(nowMs + quietMs, firstMs + waitMaxMs) - nowMs), begin);
    };
    return () => {
      if (this.stopped) return;
      firstAskedMs ??= this.timers.nowMs();
      if (!working) waitAgain(firstAskedMs);
    };
  }

  /** Drops all that is pending. Work under way goes on to its end. */
  stop(): void {
    this.stopped = true;
    for (const cancel of [...this.cancels]) cancel();
  }

  private wait(delayMs: number, fire: () => void): () => void {
    if (this.stopped) return () => undefined;
    const cancelTimer = this.timers.after(delayMs, () => {
      this.cancels.delete(cancel);
      fire();
    });
    const cancel = (): void => {
      this.cancels.delete(cancel);
      cancelTimer();
    };
    this.cancels.add(cancel);
    return cancel;
  }

  private async perform(work: Work): Promise<void> {
    this.workingCount += 1;
    try {
      await work();
    } catch (error) {
      this.fail(error);
    } finally {
      this.workingCount -= 1;
    }
  }
}
