import { formatJsonLine, type LogFormat } from "../agent/agent-log.ts";
import type { LogLevel } from "../base/host.ts";
import type { Terminal } from "./command.ts";

/** What an agent prints: what it says of itself, marked to stand apart from its log; or, in JSON, all as lines of one log. */
export class Banner {
  private format: LogFormat | undefined;
  private readonly terminal: Terminal;

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** Once: a reload does not change what others read already. It is text until then. */
  useFormat(format: LogFormat): void {
    this.format ??= format;
  }

  /** `level` shows in JSON alone. */
  say(text: string, level: LogLevel = "INFO"): void {
    if (this.format !== "json") this.terminal.print(`==> ${text}`);
    else this.printObject(level, text);
  }

  detail(text: string): void {
    if (this.format !== "json") this.logLine(text);
    else if (text !== "") this.printObject("INFO", text);
  }

  /** Prints a line of the log, which has its format already. */
  logLine(line: string): void {
    this.terminal.print(line === "" || this.format === "json" ? line : `    ${line}`);
  }

  private printObject(level: LogLevel, text: string): void {
    this.terminal.print(formatJsonLine(new Date(), level, text.trim()));
  }
}
