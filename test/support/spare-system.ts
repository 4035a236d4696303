/**
 * A second system to install packages in: the files of this one, or of a folder, under a layer that takes every change, in namespaces of
 * its own. Nothing of it outlives the test: what runs in it ends with its holder, and the layer is in memory.
 */

import { spawnSync } from "node:child_process";
import { RunningProcess } from "./processes.ts";
import { waitFor } from "./wait-for.ts";

/** Where its parts are, as its holder sees them; `mount -t tmpfs` hides whatever is there, in its own namespace. */
const base = "/mnt";

const setup = `
set -e
mount -t tmpfs spare ${base}
mkdir ${base}/upper ${base}/work ${base}/root
mount -t overlay -o "lowerdir=$1,upperdir=${base}/upper,workdir=${base}/work" overlay ${base}/root
mount -t proc proc ${base}/root/proc
mount --rbind /dev ${base}/root/dev
[ "$2" = "" ] || cp "$2" ${base}/root/package.deb
ip link set lo up
echo ready
exec sleep infinity`;

/** Why no spare system can be had here, or undefined: it takes root, overlay mounts and Debian's package manager. */
export function whyNoSpareSystem(): string | undefined {
  const script = `for program in dpkg dpkg-deb adduser deb-systemd-helper ip; do command -v $program >/dev/null || exit 2; done
    mount -t tmpfs spare ${base} && mkdir ${base}/u ${base}/w ${base}/m && mount -t overlay -o lowerdir=/,upperdir=${base}/u,workdir=${base}/w none ${base}/m`;
  const { status } = spawnSync("unshare", ["--mount", "--pid", "--net", "--fork", ...shell(script)]);
  if (status === 0) return undefined;
  return status === 2
    ? "not a Debian system, or adduser, init-system-helpers or iproute2 are not installed"
    : "no spare system: that takes root and overlay mounts";
}

export interface Outcome {
  readonly status: number;
  /** What it printed, errors included. */
  readonly output: string;
}

export class SpareSystem {
  private readonly holder: RunningProcess;
  private readonly lower: string;

  private constructor(holder: RunningProcess, lower: string) {
    this.holder = holder;
    this.lower = lower;
  }

  /** `lower`: the folder whose files it has. `packageFile` is in it as /package.deb. */
  static async start({ lower = "/", packageFile = "" } = {}): Promise<SpareSystem> {
    const args = ["--mount", "--pid", "--net", "--fork", "--kill-child", "sh", "-c", setup, "sh", lower, packageFile];
    const holder = new RunningProcess("unshare", args, { title: "spare system" });
    await waitFor(() => holder.exit !== undefined || holder.stdout.includes("ready"), {
      what: "a spare system",
      witnesses: [holder],
    });
    if (holder.exit !== undefined) throw new Error(holder.describe());
    return new SpareSystem(holder, lower);
  }

  /** Runs a script in it, as root. */
  run(script: string): Outcome {
    const { status, stdout } = spawnSync("nsenter", [...this.entering(), "chroot", `${base}/root`, ...shell(script)], {
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", DEBIAN_FRONTEND: "noninteractive", LANG: "C.UTF-8" },
    });
    return { status: status ?? -1, output: stdout };
  }

  /** Starts a program in it that runs until it is ended. */
  launch(script: string): RunningProcess {
    const args = [...this.entering(), "chroot", `${base}/root`, ...shell(script)];
    return new RunningProcess("nsenter", args, { title: script });
  }

  /** The files, folders and links that differ from those below; folders only where they are new. */
  changes(): readonly string[] {
    const isNew = `-type d ! -exec test -d ${this.lower}/{} ;`;
    const find = `cd ${base}/upper && find . ( ! -type d ! -type c -o ${isNew} ) -print`.replace(/[();]/g, "\\$&");
    const { stdout } = spawnSync("nsenter", [...this.entering(), ...shell(find)], { encoding: "utf8" });
    return stdout.split("\n").filter((line) => line !== "");
  }

  async close(): Promise<void> {
    await this.holder.kill();
  }

  private entering(): string[] {
    const { pid } = this.holder;
    return [`--target=${pid}`, "--mount", "--net", `--pid=/proc/${pid}/ns/pid_for_children`];
  }
}

function shell(script: string): string[] {
  return ["sh", "-c", `exec 2>&1\n${script}`];
}
