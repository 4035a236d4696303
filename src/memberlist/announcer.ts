import { SerfError } from "../base/errors.ts";
import type { Timers } from "../base/host.ts";

/** Called once: without an error when the news was told often enough, otherwise with TIMEOUT or NOT_RUNNING. */
export type AnnouncementDone = (error?: SerfError) => void;

/**
 * Waits until a broadcast has been told often enough. At most one announcement of a kind makes sense at a time, but nothing
 * breaks if there are more.
 */
export class Announcer {
  private readonly timers: Timers;
  private readonly pending = new Set<() => void>();

  constructor(timers: Timers) {
    this.timers = timers;
  }

  /**
   * Returns what to call when the broadcast was told. `done` is called once: then, or with TIMEOUT after `timeoutMs` (0: no
   * limit), or with NOT_RUNNING on `stop`.
   */
  expect(what: string, timeoutMs: number, done: AnnouncementDone): () => void {
    let finished = false;
    const finish = (error?: SerfError): void => {
      if (finished) return;
      finished = true;
      timer?.cancel();
      this.pending.delete(interrupt);
      done(error);
    };
    const timer =
      timeoutMs > 0
        ? this.timers.after(timeoutMs, () => finish(new SerfError("TIMEOUT", `timeout waiting for ${what} broadcast`)))
        : undefined;
    const interrupt = (): void => finish(new SerfError("NOT_RUNNING", `shut down while waiting for ${what} broadcast`));
    this.pending.add(interrupt);
    return () => finish();
  }

  stop(): void {
    for (const interrupt of [...this.pending]) interrupt();
  }
}
