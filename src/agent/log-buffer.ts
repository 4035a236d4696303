/** The last log lines of an agent, kept for whoever starts to monitor it, and those who monitor it now. */

import type { LogLevel } from "../base/host.ts";

/** Called for each line, which has its time and level in front and no line feed. Must not throw. */
export type LogListener = (line: string, level: LogLevel) => void;

interface LogLine {
  readonly line: string;
  readonly level: LogLevel;
}

/**
 * A ring of lines of every level, whatever the agent itself prints. Memory is bounded by `linesMax` times
 * `lineLengthMax` characters; a longer line is cut.
 */
export class LogBuffer {
  private readonly linesMax: number;
  private readonly lineLengthMax: number;
  private readonly ring: LogLine[] = [];
  /** Where the next line goes once the ring is full: the oldest line's place. */
  private oldest = 0;
  private readonly listeners = new Set<LogListener>();

  constructor(linesMax = 512, lineLengthMax = 16_384) {
    this.linesMax = linesMax;
    this.lineLengthMax = lineLengthMax;
  }

  /** Keeps a line, in the place of the oldest when it is full, and hands it to all listeners. */
  append(level: LogLevel, text: string): void {
    const line = text.length > this.lineLengthMax ? `${text.slice(0, this.lineLengthMax)}…` : text;
    if (this.ring.length < this.linesMax) this.ring.push({ line, level });
    else {
      this.ring[this.oldest] = { line, level };
      this.oldest = (this.oldest + 1) % this.linesMax;
    }
    for (const listener of [...this.listeners]) listener(line, level);
  }

  /** The lines kept, oldest first. */
  lines(): readonly string[] {
    return this.kept().map(({ line }) => line);
  }

  /**
   * Hands `listener` the lines kept, oldest first and at once, then every further line as it is written, until the
   * returned function is called. A listener that logs is called with its own line too.
   */
  subscribe(listener: LogListener): () => void {
    for (const { line, level } of this.kept()) listener(line, level);
    // A wrapper of its own, so that the same function may subscribe twice and each subscription ends by itself.
    const entry: LogListener = (line, level) => listener(line, level);
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  private kept(): LogLine[] {
    return [...this.ring.slice(this.oldest), ...this.ring.slice(0, this.oldest)];
  }
}
