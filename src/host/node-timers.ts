import type { Timer, Timers } from "../base/host.ts";

/** Node fires at once what is further away than this. */
const nodeDelayMsMax = 2 ** 31 - 1;

/**
 * Timers on Node's. They never fire early, and up to a millisecond late even when nothing is busy. The promised order at
 * one instant holds for timers of equal delay; others are due at instants that differ.
 *
 * What is due waits until the packets that are there already were read. Node would turn to its timers first: after a pause (of the
 * machine, of the process, or because it is busy) a node would then suspect others whose answers lie in its own socket.
 *
 * They do not keep the process alive: while a node runs its sockets do, and once these are closed nothing is left to do.
 */
export const nodeTimers: Timers = {
  after: (delayMs, fire) => new NodeTimer(delayMs, fire),
};

class NodeTimer implements Timer {
  private readonly fire: () => void;
  private handle: NodeJS.Timeout | undefined;
  private turn: NodeJS.Immediate | undefined;

  constructor(delayMs: number, fire: () => void) {
    this.fire = fire;
    this.start(delayMs);
  }

  cancel(): void {
    clearTimeout(this.handle);
    clearImmediate(this.turn);
  }

  private start(delayMs: number): void {
    this.handle =
      delayMs > nodeDelayMsMax
        ? setTimeout(() => this.start(delayMs - nodeDelayMsMax), nodeDelayMsMax).unref()
        : setTimeout(this.isDue, Math.ceil(delayMs)).unref();
  }

  private readonly isDue = (): void => {
    this.turn = setImmediate(this.fire);
  };
}
