/** The last log lines of an agent, kept for whoever starts to monitor it, and those who monitor it now. */

import type { LogLevel } from "../base/host.ts";

/** Called for each line, which has its time and level in front and no line feed. Must not throw. */
export type LogListener = (line: string, level: LogLevel) => void;

interface LogLine {
  readonly text: string;
  readonly level: LogLevel;
  /** Writes what stands before the text, when somebody reads the line: nobody reads most. */
  readonly stamp: () => string;
}

const unstamped = (): string => "";

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

  /** Keeps a line, in the place of the oldest when it is full, and hands it to all listeners. `stamp` writes its beginning, once or more, and later. */
  append(level: LogLevel, wholeText: string, stamp: () => string = unstamped): void {
    const text = wholeText.length > this.lineLengthMax ? `${wholeText.slice(0, this.lineLengthMax)}…` : wholeText;
    if (this.ring.length < this.linesMax) this.ring.push({ text, level, stamp });
    else {
      this.ring[this.oldest] = { text, level, stamp };
      this.oldest = (this.oldest + 1) % this.linesMax;
    }
    if (this.listeners.size === 0) return;
    const line = stamp() + text;
    for (const listener of [...this.listeners]) listener(line, level);
  }

  /** The lines kept, oldest first. */
  lines(): readonly string[] {
    return this.kept().map(({ text, stamp }) => stamp() + text);
  }

  /**
   * Hands `listener` the lines kept, oldest first and at once, then every further line as it is written, until the
   * returned function is called. A listener that logs is called with its own line too.
   */
  subscribe(listener: LogListener): () => void {
    for (const { text, level, stamp } of this.kept()) listener(stamp() + text, level);
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
