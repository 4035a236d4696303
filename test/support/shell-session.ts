/** One shell that runs line after line, as somebody at a terminal would, in a network and a process tree of its own where this user may make them. */

import { type ChildProcessWithoutNullStreams, spawn } from "node:child_process";
import { once } from "node:events";
import { waitFor } from "./wait-for.ts";

const isRoot = process.getuid?.() === 0;
/** Whatever the shell starts ends with it. */
const inNamespaces = ["unshare", "--net", "--pid", "--fork", "--kill-child"];
const mark = "\u0001";

export class ShellSession {
  private readonly shell: ChildProcessWithoutNullStreams;
  private output = "";

  constructor(cwd: string) {
    const command = [...(isRoot ? inNamespaces : []), "bash", "--norc"];
    this.shell = spawn(command[0]!, command.slice(1), { cwd, env: { ...process.env, LC_ALL: "C" } });
    this.shell.stdout.setEncoding("utf8").on("data", (text: string) => {
      this.output += text;
    });
    this.shell.stdin.write(`exec 2>&1\n${isRoot ? "ip link set lo up\n" : ""}`);
  }

  /** Runs one command, which may span lines, and resolves with what it printed. */
  async run(command: string): Promise<string> {
    this.output = "";
    this.shell.stdin.write(`${command}\nprintf '${mark}'\n`);
    await waitFor(() => this.output.includes(mark) || this.shell.exitCode !== null, {
      what: `the end of "${command}"`,
      intervalMs: 10,
    });
    if (!this.output.includes(mark)) throw new Error(`the shell ended at "${command}"\n${this.output}`);
    return this.output.slice(0, this.output.indexOf(mark));
  }

  async close(): Promise<void> {
    if (this.shell.exitCode !== null) return;
    const closed = once(this.shell, "close");
    this.shell.kill("SIGKILL");
    await closed;
  }
}
