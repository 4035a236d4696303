import type { Timer, Timers } from "../base/host.ts";

/** Node fires at once what is further away than this. */
const nodeDelayMsMax = 2 ** 31 - 1;

/**
 * Timers on Node's. They never fire early, and up to a millisecond late even when nothing is busy. The promised order at
 * one instant holds for timers of equal delay; others are due at instants that differ.
 *
 * They do not keep the process alive: while a node runs its sockets do, and once these are closed nothing is left to do.
 */
export const nodeTimers: Timers = {
  after: (delayMs, fire) => new NodeTimer(delayMs, fire),
};

class NodeTimer implements Timer {
  private readonly fire: () => void;
  private handle: NodeJS.Timeout;

  constructor(delayMs: number, fire: () => void) {
    this.fire = fire;
    this.handle = this.start(delayMs);
  }

  cancel(): void {
    clearTimeout(this.handle);
  }

  private start(delayMs: number): NodeJS.Timeout {
    const handle =
      delayMs > nodeDelayMsMax
        ? setTimeout(() => {
            this.handle = this.start(delayMs - nodeDelayMsMax);
          }, nodeDelayMsMax)
        : setTimeout(this.fire, Math.ceil(delayMs));
    return handle.unref();
  }
}
