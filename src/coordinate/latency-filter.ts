/** The moving median of the round trips to each node: one slow answer is a busy machine, not a longer way. */
export class LatencyFilter {
  /** By node, the newest last. */
  private readonly samples = new Map<string, number[]>();
  private readonly window: number;

  /** `window` samples are kept for each node, at least 1. */
  constructor(window: number) {
    this.window = window;
  }

  /** Adds a round trip and returns what to believe. Of an even number of samples it is the upper middle one, as in the reference. */
  filter(node: string, seconds: number): number {
    const kept = [...(this.samples.get(node) ?? []), seconds].slice(-this.window);
    this.samples.set(node, kept);
    return kept.toSorted((a, b) => a - b)[Math.floor(kept.length / 2)]!;
  }

  forget(node: string): void {
    this.samples.delete(node);
  }
}
