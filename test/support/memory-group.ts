/** Processes with a bound on their memory, beyond which the kernel ends them: a control group of their own. */

import { existsSync, mkdirSync, readFileSync, rmdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const root = "/sys/fs/cgroup";
let groups = 0;

export interface MemoryGroup {
  /** What goes before a command to run it there. It does not fork: the process keeps its id. */
  readonly exec: readonly string[];
  /** Removes the group, once its processes have ended. */
  close(): Promise<void>;
}

export function whyNoMemoryGroups(): string | undefined {
  const group = createMemoryGroup(64 << 20);
  void group?.close();
  return group === undefined ? "control groups cannot be made here" : undefined;
}

/** Undefined where this machine or its rights do not allow it. */
export function createMemoryGroup(limitBytes: number): MemoryGroup | undefined {
  const isFirstVersion = existsSync(join(root, "memory", "memory.limit_in_bytes"));
  const folder = join(root, isFirstVersion ? "memory" : "", `serf-ts-${process.pid}-${++groups}`);
  try {
    if (!isFirstVersion && !readFileSync(join(root, "cgroup.subtree_control"), "utf8").includes("memory"))
      return undefined;
    mkdirSync(folder);
    writeFileSync(join(folder, isFirstVersion ? "memory.limit_in_bytes" : "memory.max"), String(limitBytes));
  } catch {
    return undefined;
  }
  return {
    exec: ["sh", "-c", `echo $$ > ${join(folder, "cgroup.procs")} && exec "$@"`, "sh"],
    close: async () => rmdirSync(folder),
  };
}
