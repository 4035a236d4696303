/** The two `serf` commands, Debian's and ours, behind one door: the same command line, so a test need not know which it runs. */

import { existsSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { requirePeer } from "./peers.ts";
import { RunningProcess } from "./processes.ts";

export type Kind = "debian" | "ours";

export interface CommandResult {
  readonly code: number | string;
  readonly stdout: string;
  readonly stderr: string;
}

const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const ourCommand = join(root, "dist/serf.cjs");
/** The standalone executable, to put that to the test: SERF_TS_COMMAND=out/serf. */
const standalone = process.env["SERF_TS_COMMAND"];
export const isStandalone = standalone !== undefined;
const commandDeadlineMs = 20_000;

/**
 * Starts `serf` with these arguments; the caller ends it. `place` goes before the command, to run it elsewhere: the `exec` of a host in
 * a network of namespaces.
 */
export function startCommand(
  kind: Kind,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place: readonly string[] = [],
): RunningProcess {
  const title = `${kind}: serf ${args.join(" ")}`;
  const [program = "", ...rest] = [...place, ...programOf(kind), ...args];
  return new RunningProcess(program, rest, { title, env });
}

function programOf(kind: Kind): readonly string[] {
  if (kind === "debian") return [requirePeer("serf") ?? "serf"];
  if (standalone !== undefined) return [resolve(standalone)];
  if (!existsSync(ourCommand)) throw new Error("dist/serf.cjs is missing: npm run build");
  return [process.execPath, ourCommand];
}

/** Runs `serf` with these arguments to its end. A command that hangs is ended, and its code is then the signal's name. */
export async function serfCommand(
  kind: Kind,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
  place: readonly string[] = [],
): Promise<CommandResult> {
  const command = startCommand(kind, args, env, place);
  const deadline = setTimeout(() => command.signal("SIGKILL"), commandDeadlineMs);
  const code = await command.exited.finally(() => clearTimeout(deadline));
  return { code, stdout: command.stdout, stderr: command.stderr };
}
