#!/usr/bin/env node
import "./signals.ts";
import { bun } from "./bun.ts";
import type { Terminal } from "./command.ts";
import { runCommandLine } from "./command-line.ts";
import { ProcessScreen } from "./screen.ts";
import { BunOutput, StreamOutput } from "./standard-output.ts";

// Nothing is left to say it with.
const passOver = (): void => undefined;
const errors = bun ? new BunOutput(bun.stderr, passOver) : new StreamOutput(() => process.stderr, passOver);
const output = bun ? new BunOutput(bun.stdout, failOutput) : new StreamOutput(() => process.stdout, failOutput);

const terminal: Terminal = {
  environment: { ...process.env },
  print: (line: string) => output.write(`${line}\n`),
  printError: (line: string) => errors.write(`${line}\n`),
  flushed: () => output.flushed(),
  onInterrupt: (interrupt: () => void) => void process.on("SIGINT", interrupt),
  get screen() {
    return process.stdout.isTTY ? new ProcessScreen(output) : undefined;
  },
};

let isUnwritten = false;

function failOutput(error: NodeJS.ErrnoException): void {
  // A reader that went away, as in `serf members | head -1`, is no mistake of ours; an agent says otherwise by its exit code.
  if (error.code === "EPIPE") process.exit();
  // A full disk is no reason for an agent to leave its cluster.
  if (!isUnwritten) errors.write(`Error writing to standard output: ${error.message}\n`);
  isUnwritten = true;
  process.exitCode = 1;
}

// Not even loaded elsewhere, since it loads modules of Node's.
const prepared = bun ? Promise.resolve() : import("./on-v8.ts").then(({ prepareV8 }) => prepareV8());
prepared
  .then(() => runCommandLine(process.argv.slice(2), terminal))
  .then((exitCode) => {
    // Not process.exit: output that is still on its way to a pipe would be lost.
    process.exitCode = isUnwritten ? 1 : exitCode;
  });
