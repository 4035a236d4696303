/** Processes with mounts of their own: a small disk, another hosts file. Nothing of it shows outside, and it is gone with the process. */

import { execFileSync } from "node:child_process";

/** What goes before a command to run it after `mount` commands that it alone sees. It does not fork: the process keeps its id. */
export function withMounts(mounts: string): readonly string[] {
  return ["unshare", "-m", "sh", "-c", `${mounts} && exec "$@"`, "sh"];
}

/** Undefined if that works here, which takes root, otherwise why not: skip the tests that need it. */
export function whyNoMounts(): string | undefined {
  if (process.geteuid?.() !== 0) return "mounts need root";
  try {
    const [command = "", ...args] = withMounts("mount -t tmpfs none /mnt");
    execFileSync(command, [...args, "true"], { stdio: "ignore" });
    return undefined;
  } catch (error) {
    return `mounts cannot be made here: ${error instanceof Error ? error.message : String(error)}`;
  }
}
