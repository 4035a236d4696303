import type { Timer, Timers } from "../base/host.ts";

/** Node fires at once what is further away than this. */
const nodeDelayMsMax = 2 ** 31 - 1;

/** After so long those with a delay have their turn, and after as long again the packets that came meanwhile, however many timers are due. */
const turnMs = 5;

/**
 * Timers on Node's. They never fire early, and up to a millisecond late even when nothing is busy. The promised order at
 * one instant holds for timers of equal delay; others are due at instants that differ.
 *
 * What is due waits until the packets that are there already were read, and many timers take turns with packets. Node would turn to its
 * timers first, and to all of them: after a pause (of the machine, of the process), or where a thousand nodes share a process that has too
 * much to do, a node would suspect others whose answers lie in its own socket. So it is gossip that slows down, not the answers to pings.
 * Timers without a delay go first, for half of the time: what was just read does not stand in line behind the rounds of a thousand nodes.
 *
 * They do not keep the process alive: while a node runs its sockets do, and once these are closed nothing is left to do.
 */
export const nodeTimers: Timers = {
  after: (delayMs, fire) => new NodeTimer(delayMs, fire),
};

class NodeTimer implements Timer {
  /** Undefined once it fired or was cancelled. */
  private callback: (() => void) | undefined;
  private handle: NodeJS.Timeout | undefined;

  constructor(delayMs: number, fire: () => void) {
    this.callback = fire;
    this.start(delayMs);
  }

  cancel(): void {
    this.callback = undefined;
    clearTimeout(this.handle);
  }

  fire(): void {
    const { callback } = this;
    this.callback = undefined;
    callback?.();
  }

  private start(delayMs: number): void {
    // What is due at once need not wait for a millisecond to pass, nor wake the process again when it has.
    if (delayMs === 0) {
      enqueue(this, prompt);
      return;
    }
    this.handle =
      delayMs > nodeDelayMsMax
        ? setTimeout(() => this.start(delayMs - nodeDelayMsMax), nodeDelayMsMax).unref()
        : setTimeout(enqueue, Math.ceil(delayMs), this).unref();
  }
}

/** Timers that are due, in order, of all nodes in this process. */
class DueTimers {
  private queue: NodeTimer[] = [];
  private next = 0;

  get isEmpty(): boolean {
    return this.queue.length === 0;
  }

  add(timer: NodeTimer): void {
    this.queue.push(timer);
  }

  fireFirst(): void {
    const timer = this.queue[this.next++]!;
    if (this.next === this.queue.length) [this.queue, this.next] = [[], 0];
    timer.fire();
  }
}

/** Without a delay: what packets that were just read lead to. */
const prompt = new DueTimers();
const delayed = new DueTimers();
let isTurnPlanned = false;
let promptEndMs = 0;
let turnEndMs = 0;

function enqueue(timer: NodeTimer, due: DueTimers = delayed): void {
  due.add(timer);
  if (isTurnPlanned) return;
  isTurnPlanned = true;
  setImmediate(beginTurn);
}

function beginTurn(): void {
  promptEndMs = performance.now() + turnMs;
  turnEndMs = promptEndMs + turnMs;
  fireNext();
}

function fireNext(): void {
  const isPromptNext = !prompt.isEmpty && (delayed.isEmpty || performance.now() < promptEndMs);
  try {
    (isPromptNext ? prompt : delayed).fireFirst();
  } finally {
    // Also after one that threw: the others belong to somebody else, perhaps.
    if (prompt.isEmpty && delayed.isEmpty) isTurnPlanned = false;
    else if (performance.now() > turnEndMs) setImmediate(beginTurn);
    else queueMicrotask(afterPromises);
  }
}

/** As between Node's own timers: what the last one resolved is heard of before the next fires. */
function afterPromises(): void {
  process.nextTick(fireNext);
}
