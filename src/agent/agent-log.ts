/** The agent's log: "2013/12/02 23:07:22 [INFO] agent: …", local time, as Serf's users already search it. */

import type { Logger, LogLevel } from "../base/host.ts";
import { isAtLeast } from "../base/log-level.ts";
import { LogBuffer } from "./log-buffer.ts";

export interface AgentLogOptions {
  /** Lines of this level and above are printed. The buffer gets every line, for those who monitor. */
  readonly level: LogLevel;
  /** Takes a line without line feed at its end. */
  readonly print: (line: string) => void;
  readonly now?: () => Date;
  /** How many lines are held back at most until `release`; the oldest are dropped beyond it. */
  readonly heldLinesMax?: number;
}

export class AgentLog implements Logger {
  readonly buffer = new LogBuffer();
  private level: LogLevel;
  private readonly print: (line: string) => void;
  private readonly now: () => Date;
  private readonly heldLinesMax: number;
  /** Lines printed before the agent runs would end up among its banner; `undefined` once they were released. */
  private held: string[] | undefined = [];
  private stamp = { second: Number.NaN, text: "" };

  constructor({ level, print, now = () => new Date(), heldLinesMax = 4096 }: AgentLogOptions) {
    this.level = level;
    this.print = print;
    this.now = now;
    this.heldLinesMax = heldLinesMax;
  }

  /** Always: whoever monitors may want any level, and joins later. */
  enabled(): boolean {
    return true;
  }

  log(level: LogLevel, message: string): void {
    const line = `${this.timeStamp()} [${level}] ${message.replace(/\n$/, "")}`;
    if (isAtLeast(level, this.level)) this.write(line);
    this.buffer.append(level, line);
  }

  setLevel(level: LogLevel): void {
    this.level = level;
  }

  /** Prints the lines held back so far, and from now on every line at once. */
  release(): void {
    const held = this.held ?? [];
    this.held = undefined;
    for (const line of held) this.print(line);
  }

  private write(line: string): void {
    if (this.held === undefined) this.print(line);
    else {
      this.held.push(line);
      if (this.held.length > this.heldLinesMax) this.held.shift();
    }
  }

  private timeStamp(): string {
    const now = this.now();
    const second = Math.floor(now.getTime() / 1000);
    if (second !== this.stamp.second) this.stamp = { second, text: formatLocalTime(now) };
    return this.stamp.text;
  }
}

function formatLocalTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
