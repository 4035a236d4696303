/** Some ten milliseconds, where an element takes as long as a microsecond. */
const elementsPerSlice = 8_192;

/**
 * Measures out work on what strangers sent, so that packets and timers have their turn meanwhile. Who does the work is a generator: it counts each
 * element, and yields when `isOver`.
 */
export class WorkSlice {
  private elements = 0;

  /** True once in so many elements. */
  isOver(): boolean {
    this.elements += 1;
    if (this.elements < elementsPerSlice) return false;
    this.elements = 0;
    return true;
  }
}

/** Does all of the work at once. */
export function finish<T>(work: Generator<void, T>): T {
  for (;;) {
    const { done, value } = work.next();
    if (done === true) return value as T;
  }
}
