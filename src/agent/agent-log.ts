/** The agent's log: "2013/12/02 23:07:22 [INFO] agent: …", local time, as Serf's users already search it. */

import type { Logger, LogLevel } from "../base/host.ts";
import { isAtLeast } from "../base/log-level.ts";
import type { AgentConfig } from "./config.ts";
import { LogBuffer } from "./log-buffer.ts";
import { openSyslog, type Syslog } from "./syslog.ts";
import type { SyslogFacility } from "./syslog-facility.ts";

export type LogFormat = "text" | "json";

export interface AgentLogOptions {
  /** Lines of this level and above are printed. The buffer gets every line, for those who monitor. */
  readonly level: LogLevel;
  /** Of what is printed; those who monitor see text. */
  readonly format?: LogFormat;
  /** Sends what is printed to the system log too, at once. */
  readonly syslogFacility?: SyslogFacility | undefined;
  /** Takes a line without line feed at its end. */
  readonly print: (line: string) => void;
  /** Milliseconds since 1970. */
  readonly nowMs?: () => number;
  /** How many lines are held back at most until `release`; the oldest are dropped beyond it. */
  readonly heldLinesMax?: number;
}

export class AgentLog implements Logger {
  readonly buffer = new LogBuffer(undefined, undefined, (level, atMs) => this.headOf(level, atMs));
  private level: LogLevel;
  private readonly format: LogFormat;
  private readonly syslog: Syslog | undefined;
  private readonly print: (line: string) => void;
  private readonly nowMs: () => number;
  private readonly heldLinesMax: number;
  /** Lines printed before the agent runs would end up among its banner; `undefined` once they were released. */
  private held: string[] | undefined = [];
  private stamp = { second: Number.NaN, text: "" };

  /** Throws SYSLOG_FAILED. */
  constructor(options: AgentLogOptions) {
    const { level, format = "text", syslogFacility, print, nowMs = Date.now, heldLinesMax = 4096 } = options;
    this.level = level;
    this.format = format;
    if (syslogFacility !== undefined)
      this.syslog = openSyslog({ facility: syslogFacility, complain: (problem) => this.complainOfSyslog(problem) });
    this.print = print;
    this.nowMs = nowMs;
    this.heldLinesMax = heldLinesMax;
  }

  /** Always: whoever monitors may want any level, and joins later. */
  enabled(): boolean {
    return true;
  }

  log(level: LogLevel, message: string): void {
    if (isAtLeast(level, this.level)) this.syslog?.write(level, message);
    this.record(level, message);
  }

  logLater(level: LogLevel, message: () => string): void {
    if (isAtLeast(level, this.level)) this.log(level, message());
    else this.buffer.append(level, message, this.nowMs());
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

  /** Resolves when the system log has what was written, or does not take it. */
  async close(): Promise<void> {
    await this.syslog?.close();
  }

  private complainOfSyslog(problem: string): void {
    this.record("WARN", `agent: syslog: ${problem}`);
  }

  private record(level: LogLevel, message: string): void {
    const text = message.endsWith("\n") ? message.slice(0, -1) : message;
    const nowMs = this.nowMs();
    if (isAtLeast(level, this.level))
      this.write(
        this.format === "json" ? formatJsonLine(new Date(nowMs), level, text) : this.headOf(level, nowMs) + text,
      );
    this.buffer.append(level, text, nowMs);
  }

  private write(line: string): void {
    if (this.held === undefined) this.print(line);
    else {
      this.held.push(line);
      if (this.held.length > this.heldLinesMax) this.held.shift();
    }
  }

  /** What stands before a line. */
  private headOf(level: LogLevel, ms: number): string {
    const second = Math.floor(ms / 1000);
    if (second !== this.stamp.second) this.stamp = { second, text: formatLocalTime(new Date(ms)) };
    return `${this.stamp.text} [${level}] `;
  }
}

/** The log that this configuration asks for. Throws SYSLOG_FAILED. */
export function openAgentLog(config: AgentConfig, print: (line: string) => void): AgentLog {
  const { logLevel: level, logFormat: format, enableSyslog, syslogFacility } = config;
  return new AgentLog({ level, format, syslogFacility: enableSyslog ? syslogFacility : undefined, print });
}

/** One object a line, for programs that collect logs; the time in UTC, with milliseconds. */
export function formatJsonLine(time: Date, level: LogLevel, message: string): string {
  return JSON.stringify({ time: time.toISOString(), level, message });
}

function formatLocalTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, "0");
  const day = `${time.getFullYear()}/${two(time.getMonth() + 1)}/${two(time.getDate())}`;
  return `${day} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}`;
}
