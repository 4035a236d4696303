/**
 * A second system to install packages in: the files of this one, or of a folder, under a layer that takes every change, in namespaces of
 * its own. Nothing of it outlives the test: what runs in it ends with its holder, and the layer is in memory.
 */

import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { RunningProcess } from "./processes.ts";
import { waitFor } from "./wait-for.ts";

/** Where its parts are, as its holder sees them; `mount -t tmpfs` hides whatever is there, in its own namespace. */
const base = "/mnt";

/** $1: the folder below. $2: a package to bring along, or nothing. */
const layers = `
set -e
mount -t tmpfs spare ${base}
mkdir ${base}/upper ${base}/work ${base}/root
mount -t overlay -o "lowerdir=$1,upperdir=${base}/upper,workdir=${base}/work" overlay ${base}/root
mount -t proc proc ${base}/root/proc
[ "$2" = "" ] || cp "$2" ${base}/root/package.deb
ip link set lo up`;

/** Nothing runs in it but what tests start. */
const waiting = `${layers}
mount --rbind /dev ${base}/root/dev
echo ready
exec sleep infinity`;

/** systemd runs it. Kernel and devices are this machine's, so that it sees few of them and can set none. */
const booting = `${layers}
cd ${base}/root
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs run run
mount -t tmpfs dev dev
for device in null zero full random urandom tty; do touch dev/$device; mount --bind /dev/$device dev/$device; done
mkdir dev/shm dev/pts dev/mqueue dev/hugepages old
mount -t devpts -o newinstance,ptmxmode=0666 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -sf /dev/null etc/systemd/system/getty.target
pivot_root . old
umount -l old
exec env -i container=spare PATH=/usr/sbin:/usr/bin:/sbin:/bin /lib/systemd/systemd --system --show-status=false </dev/null`;

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

export interface SpareSystemOptions {
  /** The folder whose files it has: this system's own root by default. */
  readonly lower?: string;
  /** It is in it as /package.deb. */
  readonly packageFile?: string;
  /** Has systemd run it, with its services. */
  readonly boots?: boolean;
}

export class SpareSystem {
  private readonly holder: RunningProcess;
  private readonly lower: string;
  private readonly controlGroup: string | undefined;

  private constructor(holder: RunningProcess, lower: string, controlGroup: string | undefined) {
    this.holder = holder;
    this.lower = lower;
    this.controlGroup = controlGroup;
  }

  static async start(options: SpareSystemOptions = {}): Promise<SpareSystem> {
    const { lower = "/", packageFile = "", boots = false } = options;
    const system = boots ? launchBooting(lower, packageFile) : launchWaiting(lower, packageFile);
    const { holder } = system;
    await waitFor(() => holder.exit !== undefined || system.isReady(), {
      what: "a spare system",
      witnesses: [holder],
      deadlineMs: 60_000,
    });
    if (holder.exit !== undefined) throw new Error(holder.describe());
    return system;
  }

  /** For `launch…` below. */
  static heldBy(holder: RunningProcess, lower: string, controlGroup?: string): SpareSystem {
    return new SpareSystem(holder, lower, controlGroup);
  }

  /** Runs a script in it, as root. */
  run(script: string): Outcome {
    const { status, stdout } = spawnSync("nsenter", [...this.entering(), ...shell(script)], {
      encoding: "utf8",
      env: { PATH: "/usr/sbin:/usr/bin:/sbin:/bin", HOME: "/root", DEBIAN_FRONTEND: "noninteractive", LANG: "C.UTF-8" },
    });
    return { status: status ?? -1, output: stdout };
  }

  /** Starts a program in it that runs until it is ended. */
  launch(script: string): RunningProcess {
    return new RunningProcess("nsenter", [...this.entering(), ...shell(script)], { title: script });
  }

  /** The files, folders and links that differ from those below; folders only where they are new. Of one that does not boot. */
  changes(): readonly string[] {
    const isNew = `-type d ! -exec test -d ${this.lower}/{} ;`;
    const find = `cd ${base}/upper && find . ( ! -type d ! -type c -o ${isNew} ) -print`.replace(/[();]/g, "\\$&");
    const outside = [...this.namespaces(), ...shell(find)];
    const { stdout } = spawnSync("nsenter", outside, { encoding: "utf8" });
    return stdout.split("\n").filter((line) => line !== "");
  }

  async close(): Promise<void> {
    await this.holder.kill();
    const group = this.controlGroup;
    if (group === undefined) return;
    const removal = `find ${group} -depth -type d -exec rmdir {} + 2>/dev/null; ! test -d ${group}`;
    await waitFor(() => spawnSync("sh", ["-c", removal]).status === 0, { what: `${group} to be empty` });
  }

  private isReady(): boolean {
    if (this.controlGroup === undefined) return this.holder.stdout.includes("ready");
    // Degraded: some unit failed, such as one that loads modules, which is as it should be.
    return /^(running|degraded)$/m.test(this.run("systemctl is-system-running").output);
  }

  private entering(): string[] {
    return [...this.namespaces(), "chroot", this.controlGroup === undefined ? `${base}/root` : "/"];
  }

  private namespaces(): string[] {
    const { pid } = this.holder;
    const target = `--target=${pid}`;
    if (this.controlGroup === undefined) return [target, "--mount", "--net", `--pid=/proc/${pid}/ns/pid_for_children`];
    // The holder's child has the new root.
    const { stdout } = spawnSync("pgrep", ["-P", String(pid)], { encoding: "utf8" });
    return [`--target=${stdout.trim()}`, "--mount", "--net", "--pid", "--uts", "--ipc", "--cgroup", "--root"];
  }
}

function launchWaiting(lower: string, packageFile: string): SpareSystem {
  const unshare = ["--mount", "--pid", "--net", "--fork", "--kill-child"];
  const args = [...unshare, "sh", "-c", waiting, "sh", lower, packageFile];
  return SpareSystem.heldBy(new RunningProcess("unshare", args, { title: "spare system" }), lower);
}

/** In a control group of its own, which systemd takes for all there is. */
function launchBooting(lower: string, packageFile: string): SpareSystem {
  const unified = existsSync("/sys/fs/cgroup/unified") ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
  const group = `${unified}/serf-ts-${process.pid}`;
  const unshare = "unshare --mount --pid --net --uts --ipc --cgroup --fork --kill-child";
  const script = `mkdir -p ${group} && echo $$ >${group}/cgroup.procs && exec ${unshare} sh -c "$3" sh "$1" "$2"`;
  const args = ["-c", script, "sh", lower, packageFile, booting];
  return SpareSystem.heldBy(new RunningProcess("sh", args, { title: "spare system" }), lower, group);
}

function shell(script: string): string[] {
  return ["sh", "-c", `exec 2>&1\n${script}`];
}
