/** A real event handler script that keeps a record of each of its calls, to be read back exactly. */

import { chmod, readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";

export interface HandlerCall {
  /** The variables whose names begin with SERF_. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin: string;
}

export class Handler {
  /** What goes into `-event-handler`, alone or behind a filter. */
  readonly script: string;
  private readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
    this.script = join(folder, "handler.sh");
  }

  /** Writes the script into an empty folder. What `says` holds is the script's output. */
  static async create(folder: string, says = ""): Promise<Handler> {
    const handler = new Handler(folder);
    // A call is written apart and renamed, so that a reader never meets half a record; the names sort by time.
    const lines = [
      "#!/bin/sh",
      `call=$(mktemp -d '${folder}/unfinished.XXXXXX')`,
      'env | grep "^SERF_" >"$call/environment"',
      'cat >"$call/stdin"',
      `mv "$call" '${folder}/'call.$(date +%s%N).$$`,
      says === "" ? "" : `echo '${says}'`,
    ];
    await writeFile(handler.script, `${lines.join("\n")}\n`);
    await chmod(handler.script, 0o755);
    return handler;
  }

  /** Its calls so far, oldest first. */
  async calls(): Promise<readonly HandlerCall[]> {
    const names = (await readdir(this.folder)).filter((name) => name.startsWith("call.")).sort();
    return Promise.all(names.map((name) => readCall(join(this.folder, name))));
  }

  async callsOf(event: string): Promise<readonly HandlerCall[]> {
    return (await this.calls()).filter((call) => call.environment["SERF_EVENT"] === event);
  }
}

async function readCall(folder: string): Promise<HandlerCall> {
  const environment: Record<string, string> = {};
  for (const line of (await readFile(join(folder, "environment"), "utf8")).split("\n")) {
    const equals = line.indexOf("=");
    if (equals > 0) environment[line.slice(0, equals)] = line.slice(equals + 1);
  }
  return { environment, stdin: await readFile(join(folder, "stdin"), "utf8") };
}
