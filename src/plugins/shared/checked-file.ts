/**
 * Files that a plugin writes for other programs: rendered whole, checked before they replace what works, replaced all at once, and left
 * alone where nothing changes.
 */

import { randomBytes } from "node:crypto";
import { type FileHandle, open, readFile, realpath, rename, rm, stat } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { messageOf } from "../../base/errors.ts";

interface FileOwner {
  readonly uid: number;
  readonly gid: number;
}

/** A file to be written. */
export interface CheckedFile {
  /** Where it goes. A symbolic link is followed, and its target replaced. */
  readonly path: string;
  readonly content: string | Uint8Array;
  /** Permissions; default: those of the file that is replaced, else 0644. */
  readonly mode?: number;
  /** User and group ids; default: those of the file that is replaced, as far as the system lets us. */
  readonly owner?: FileOwner;
  /** Looks at the new content in a file of its own, beside the target, and returns what is wrong with it, if anything. */
  readonly check?: (temporaryPath: string) => Promise<string | undefined>;
  /** Writes into the file itself: where it is a mount point, as /etc/hosts in a container, it cannot be replaced. */
  readonly inPlace?: boolean;
}

/** "unchanged": the file held just that. "refused": the check found a problem; the file is as it was. */
export type FileOutcome =
  | { readonly kind: "written" }
  | { readonly kind: "unchanged" }
  | { readonly kind: "refused"; readonly problem: string };

const modeDefault = 0o644;

/**
 * Compares, writes to a temporary file beside the target, checks that, syncs and renames. Rejects where the system refuses; the file then
 * holds what it held before, but for one written in place.
 */
export async function writeFileChecked(file: CheckedFile): Promise<FileOutcome> {
  const path = await realpath(file.path).catch(() => file.path);
  const before = await statOf(path);
  const content = Buffer.from(file.content);
  const mode = file.mode ?? (before === undefined ? modeDefault : before.mode & 0o7777);
  if (
    before !== undefined &&
    (await isSame(path, content)) &&
    (before.mode & 0o7777) === mode &&
    ownerFits(file, before)
  )
    return { kind: "unchanged" };
  // The ending stays: some programs choose by it what they read.
  const temporary = join(dirname(path), `.serf-${randomBytes(4).toString("hex")}-${basename(path)}`);
  try {
    await writeNew(temporary, content, mode, (handle) => {
      const owner = file.owner ?? before;
      return owner === undefined ? Promise.resolve() : give(handle, owner, file.owner !== undefined);
    });
    const problem = await file.check?.(temporary);
    if (problem !== undefined) return { kind: "refused", problem };
    if (file.inPlace) await overwrite(path, content, mode);
    else await rename(temporary, path);
    await syncFolder(dirname(path));
    return { kind: "written" };
  } finally {
    await rm(temporary, { force: true });
  }
}

async function statOf(path: string) {
  try {
    return await stat(path);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}

async function isSame(path: string, content: Buffer): Promise<boolean> {
  return content.equals(await readFile(path));
}

function ownerFits({ owner }: CheckedFile, before: FileOwner): boolean {
  return owner === undefined || (owner.uid === before.uid && owner.gid === before.gid);
}

async function writeNew(
  path: string,
  content: Buffer,
  mode: number,
  giveAway: (handle: FileHandle) => Promise<void>,
): Promise<void> {
  const handle = await open(path, "wx", mode);
  try {
    await handle.writeFile(content);
    await giveAway(handle);
    // After the change of owner, which may take bits away, and not left to the umask.
    await handle.chmod(mode);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Who may not give files away keeps them: where it was not asked for, that is no failure. */
async function give(handle: FileHandle, { uid, gid }: FileOwner, isRequired: boolean): Promise<void> {
  const { uid: ownUid, gid: ownGid } = await handle.stat();
  if (uid === ownUid && gid === ownGid) return;
  try {
    await handle.chown(uid, gid);
  } catch (error) {
    if (isRequired)
      throw new Error(`cannot give the file to user ${uid} and group ${gid}: ${messageOf(error)}`, { cause: error });
  }
}

async function overwrite(path: string, content: Buffer, mode: number): Promise<void> {
  const handle = await open(path, "w", mode);
  try {
    await handle.writeFile(content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** So that the new name outlives a loss of power. Where folders cannot be synced, nothing is lost but that. */
async function syncFolder(path: string): Promise<void> {
  try {
    const handle = await open(path, "r");
    await handle.sync().finally(() => handle.close());
  } catch {}
}
