#!/usr/bin/env node
import "./late-optimization.ts";
import "./signals.ts";
import type { Terminal } from "./command.ts";
import { runCommandLine } from "./command-line.ts";
import { keepCompiledCode } from "./compiled-code.ts";
import { processScreen } from "./screen.ts";

const terminal: Terminal = {
  environment: { ...process.env },
  print: (line: string) => void process.stdout.write(`${line}\n`),
  printError: (line: string) => void process.stderr.write(`${line}\n`),
  onInterrupt: (interrupt: () => void) => void process.on("SIGINT", interrupt),
  ...(process.stdout.isTTY ? { screen: processScreen } : {}),
};

// A reader that went away, as in `serf members | head -1`, is no mistake of ours; an agent says otherwise by its exit code.
process.stdout.on("error", () => process.exit());

keepCompiledCode();
runCommandLine(process.argv.slice(2), terminal).then((exitCode) => {
  // Not process.exit: output that is still on its way to a pipe would be lost.
  process.exitCode = exitCode;
});
