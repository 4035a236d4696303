/** Copies of the service as processes of this machine: for `run`, which keeps three going, and for `check`. */

import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";

export interface Settings {
  readonly NAME: string;
  readonly HTTP: string;
  readonly BIND: string;
  readonly JOIN?: string;
  readonly SNAPSHOT?: string;
  readonly PROFILE?: string;
}

/** Starts one copy and waits until it serves. */
export async function startService(settings: Settings): Promise<ChildProcess> {
  const program = fileURLToPath(new URL("service.ts", import.meta.url));
  const child = spawn(process.execPath, ["--import", "tsx", program], {
    env: { ...process.env, ...settings },
    stdio: ["ignore", "inherit", "inherit"],
  });
  const serves = eventually(
    `${settings.NAME} to serve`,
    async () => (await fetch(`http://${settings.HTTP}/members`)).ok,
  );
  const ended = once(child, "exit").then(([code]) => Promise.reject(new Error(`${settings.NAME} ended with ${code}`)));
  await Promise.race([serves, ended]);
  ended.catch(() => undefined);
  return child;
}

/** Polls until the condition holds; what it throws means not yet. Rejects after 30 seconds. */
export async function eventually(what: string, condition: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      if (await condition()) return;
    } catch (error) {
      last = error;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`waited 30 s in vain for ${what}`, { cause: last });
}
