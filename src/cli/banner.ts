import { formatJsonLine, type LogFormat } from "../agent/agent-log.ts";
import type { LogLevel } from "../base/host.ts";
import type { Terminal } from "./command.ts";

/** More lines of a log do not wait together. */
const waitingMax = 512;

/** What an agent prints: what it says of itself, marked to stand apart from its log; or, in JSON, all as lines of one log. */
export class Banner {
  private format: LogFormat | undefined;
  private readonly terminal: Terminal;
  private waiting: string[] = [];

  constructor(terminal: Terminal) {
    this.terminal = terminal;
  }

  /** Once: a reload does not change what others read already. It is text until then. */
  useFormat(format: LogFormat): void {
    this.format ??= format;
  }

  /** `level` shows in JSON alone. */
  say(text: string, level: LogLevel = "INFO"): void {
    if (this.format !== "json") this.print(`==> ${text}`);
    else this.printObject(level, text);
  }

  detail(text: string): void {
    if (this.format !== "json") this.print(this.indented(text));
    else if (text !== "") this.printObject("INFO", text);
  }

  /**
   * Prints a line of the log, which has its format already, together with others when this turn of the event loop is over: writing takes longer than
   * what is written about, and nobody else should wait for an event meanwhile.
   */
  logLine(line: string): void {
    this.waiting.push(this.indented(line));
    if (this.waiting.length === waitingMax) this.flush();
    // The first round belongs to what this turn has yet to send.
    else if (this.waiting.length === 1) setImmediate(() => setImmediate(() => this.flush()));
  }

  /** Prints what waits. To be called before the process ends. */
  flush(): void {
    if (this.waiting.length > 0) this.terminal.print(this.waiting.splice(0).join("\n"));
  }

  /** Resolves when all of it has been printed, and has left the process. */
  flushed(): Promise<void> {
    this.flush();
    return this.terminal.flushed();
  }

  private print(line: string): void {
    this.flush();
    this.terminal.print(line);
  }

  private printObject(level: LogLevel, text: string): void {
    this.print(formatJsonLine(new Date(), level, text.trim()));
  }

  private indented(line: string): string {
    return line === "" || this.format === "json" ? line : `    ${line}`;
  }
}
