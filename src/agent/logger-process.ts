import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { hasPipes } from "../host/process-limits.ts";

/** What may wait for a program that does not read. */
const pendingBytesMax = 256 * 1024;
const restartMsMin = 1_000;
const restartMsMax = 30_000;
const closeTimeoutMs = 500;

/**
 * A program that takes lines on its standard input, started again when it ends. What comes while it is away, or does not read, is lost; it is
 * complained of once, and counted when lines are taken again.
 */
export class LoggerProcess {
  private readonly program: string;
  private readonly args: readonly string[];
  private readonly complain: (problem: string) => void;
  private child: ChildProcess | undefined;
  private restartMs = restartMsMin;
  private restartTimer: NodeJS.Timeout | undefined;
  private lost = 0;
  private isClosed = false;

  constructor(program: string, args: readonly string[], complain: (problem: string) => void) {
    this.program = program;
    this.args = args;
    this.complain = complain;
    this.start();
  }

  /** `line` has its line feed. */
  write(line: string): void {
    if (this.isClosed) return;
    const stdin = this.child?.stdin;
    if (stdin == null || !stdin.writable || stdin.writableLength > pendingBytesMax) {
      this.lost += 1;
      if (this.lost === 1) this.complain(`${this.program} takes no lines, they are dropped`);
      return;
    }
    stdin.write(line);
    if (this.lost === 0) return;
    const { lost } = this;
    this.lost = 0;
    this.complain(`${lost} lines were dropped`);
  }

  async close(): Promise<void> {
    this.isClosed = true;
    clearTimeout(this.restartTimer);
    const { child } = this;
    if (child === undefined) return;
    await new Promise<void>((resolve) => {
      const deadline = setTimeout(() => child.kill("SIGKILL"), closeTimeoutMs);
      child.once("close", () => {
        clearTimeout(deadline);
        resolve();
      });
      child.stdin?.end();
    });
  }

  private start(): void {
    const startedMs = performance.now();
    // In a session of its own: Ctrl-C is for the agent, whose last lines are still to come.
    const child = spawn(this.program, this.args, { stdio: ["pipe", "ignore", "pipe"], detached: true });
    let problem = "";
    const ended = (): void => {
      this.child = undefined;
      if (this.isClosed) return;
      if (this.lost === 0) this.complain(`${this.program} ended${problem === "" ? "" : `: ${problem}`}`);
      if (performance.now() - startedMs > restartMsMax) this.restartMs = restartMsMin;
      this.restartTimer = setTimeout(() => this.start(), this.restartMs).unref();
      this.restartMs = Math.min(2 * this.restartMs, restartMsMax);
    };
    child.on("error", (error) => {
      problem = error.message;
      // Where the limit of open files is reached there are no pipes, and no end of what never began.
      if (this.child !== child) ended();
    });
    if (!hasPipes(child)) return;
    this.child = child;
    createInterface({ input: child.stderr }).on("line", (line) => {
      problem = line;
    });
    child.stdin.on("error", () => undefined);
    child.once("close", ended);
    child.unref();
  }
}
