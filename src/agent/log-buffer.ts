/** The last log lines of an agent, kept for whoever starts to monitor it, and those who monitor it now. */

import type { LogLevel } from "../base/host.ts";

/** Called for each line, which has its time and level in front and no line feed. Must not throw. */
export type LogListener = (line: string, level: LogLevel) => void;

interface LogLine {
  /** Or what makes it. */
  readonly text: string | (() => string);
  readonly level: LogLevel;
  /** Milliseconds since 1970; undefined where the text says it. */
  readonly atMs: number | undefined;
}

/** Writes what stands before the text of a line of that level and time. */
type HeadOf = (level: LogLevel, atMs: number) => string;

/**
 * A ring of lines of every level, whatever the agent itself prints. Memory is bounded by `linesMax` times
 * `lineLengthMax` characters; a longer line is cut.
 */
export class LogBuffer {
  private readonly linesMax: number;
  private readonly lineLengthMax: number;
  private readonly headOf: HeadOf;
  private readonly ring: LogLine[] = [];
  /** Where the next line goes once the ring is full: the oldest line's place. */
  private oldest = 0;
  private readonly listeners = new Set<LogListener>();

  constructor(linesMax = 512, lineLengthMax = 16_384, headOf: HeadOf = () => "") {
    this.linesMax = linesMax;
    this.lineLengthMax = lineLengthMax;
    this.headOf = headOf;
  }

  /**
   * Keeps a line, in the place of the oldest when it is full, and hands it to all listeners. What makes the text, and with `atMs` its beginning, is called
   * when somebody reads the line, once or more: nobody reads most.
   */
  append(level: LogLevel, text: string | (() => string), atMs?: number): void {
    const line: LogLine = { text: typeof text === "string" ? this.cut(text) : text, level, atMs };
    if (this.ring.length < this.linesMax) this.ring.push(line);
    else {
      this.ring[this.oldest] = line;
      this.oldest = (this.oldest + 1) % this.linesMax;
    }
    if (this.listeners.size === 0) return;
    const written = this.write(line);
    for (const listener of [...this.listeners]) listener(written, level);
  }

  /** The lines kept, oldest first. */
  lines(): readonly string[] {
    return this.kept().map((line) => this.write(line));
  }

  /**
   * Hands `listener` the lines kept, oldest first and at once, then every further line as it is written, until the
   * returned function is called. A listener that logs is called with its own line too.
   */
  subscribe(listener: LogListener): () => void {
    for (const line of this.kept()) listener(this.write(line), line.level);
    // A wrapper of its own, so that the same function may subscribe twice and each subscription ends by itself.
    const entry: LogListener = (line, level) => listener(line, level);
    this.listeners.add(entry);
    return () => {
      this.listeners.delete(entry);
    };
  }

  private write({ text, level, atMs }: LogLine): string {
    const head = atMs === undefined ? "" : this.headOf(level, atMs);
    return head + (typeof text === "string" ? text : this.cut(text()));
  }

  private cut(text: string): string {
    return text.length > this.lineLengthMax ? `${text.slice(0, this.lineLengthMax)}…` : text;
  }

  private kept(): LogLine[] {
    return [...this.ring.slice(this.oldest), ...this.ring.slice(0, this.oldest)];
  }
}
