/** What is run for a file that was rendered: a check before, a reload or a signal after. */

import { readFile } from "node:fs/promises";
import { constants } from "node:os";
import { messageOf } from "../../base/errors.ts";
import type { PluginProcesses, ProcessResult } from "../plugin.ts";

const commandTimeoutMs = 25_000;
/** Of what a command prints, so much is worth showing: its last lines say why. */
const outputShownMax = 600;
const pidMax = 2 ** 22;

/** Runs the operator's line on a file. Returns what is wrong, if anything, in the command's own words. */
export async function runOn(
  path: string,
  line: string,
  processes: Pick<PluginProcesses, "shell">,
): Promise<string | undefined> {
  const result = await processes.shell(withFile(line), { env: { FILE: path }, timeoutMs: commandTimeoutMs });
  return describeFailure(result);
}

/** `{{file}}` in any quotes becomes "$FILE": the path itself never gets into the line, and needs no quoting. */
function withFile(line: string): string {
  return line.replace(/(["']?)\{\{\s*file\s*\}\}\1/g, '"$FILE"');
}

/** Undefined for exit code 0. */
export function describeFailure({ exitCode, signal, stdout, stderr, timedOut }: ProcessResult): string | undefined {
  if (exitCode === 0) return undefined;
  const ending = timedOut
    ? `no end after ${commandTimeoutMs / 1000} s`
    : signal === null
      ? `exit code ${exitCode}`
      : `ended by ${signal}`;
  const said = `${stderr}\n${stdout}`.trim().replace(/\s*\n\s*/g, "; ");
  const shown = said.length > outputShownMax ? `… ${said.slice(-outputShownMax)}` : said;
  return shown === "" ? ending : `${shown} (${ending})`;
}

/** "HUP" or "SIGHUP"; undefined where there is no such signal. */
export function signalNumber(name: string): number | undefined {
  const known: Readonly<Record<string, number>> = constants.signals;
  const full = name.startsWith("SIG") ? name : `SIG${name}`;
  return Object.hasOwn(known, full) ? known[full] : undefined;
}

/** Signals the process whose number is in the file. Returns what is wrong, if anything. */
export async function signalPidFile(pidFile: string, signal: string): Promise<string | undefined> {
  try {
    const text = (await readFile(pidFile, "utf8")).trim();
    const pid = Number(text.split("\n")[0]);
    // Number 1 is whoever supervises everything; 0 and below are groups.
    if (!Number.isInteger(pid) || pid < 2 || pid > pidMax)
      return `${pidFile} holds no number of a process: ${JSON.stringify(text.slice(0, 40))}`;
    process.kill(pid, signalNumber(signal));
    return undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return `the process of ${pidFile} does not run`;
    return `cannot signal the process of ${pidFile}: ${messageOf(error)}`;
  }
}
