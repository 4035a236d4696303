import { closeSync, openSync, readFileSync, write } from "node:fs";
import { type FileHandle, open, rename, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { OpenedFile, Storage, StorageDone, StoredFile } from "../base/host.ts";
import { describeFileFailure } from "./file-failure.ts";
import { followLinks } from "./follow-links.ts";

/** What the reference gives the file it compacts into. */
const temporarySuffix = ".compact";
/** How long a file that is added to stays open: opening and closing it take most of the time of a short write. */
const keptOpenMs = 1_000;

/** Files of the system. */
export class FileStorage implements Storage {
  private readonly files: SystemFile[] = [];

  open(path: string): OpenedFile | { readonly error: string } {
    try {
      // For writing, too: what can never be written is better found out before the node starts.
      const descriptor = openSync(path, "a+", 0o644);
      try {
        const file = new SystemFile(path);
        const content = Uint8Array.from(readFileSync(descriptor));
        this.files.push(file);
        return { file, content };
      } finally {
        closeSync(descriptor);
      }
    } catch (error) {
      return { error: describeFileFailure(error) };
    }
  }

  /** Resolves when all that was asked for so far is done or has failed. */
  async settled(): Promise<void> {
    await Promise.all(this.files.map((file) => file.settled()));
  }
}

/**
 * A file that is opened anew every second in which it is written, and closed in between. So a file that was removed, or a disk that was full or away
 * for a time, needs no care: writes soon succeed again.
 */
class SystemFile implements StoredFile {
  private readonly path: string;
  private queue: Promise<void> = Promise.resolve();
  private kept: FileHandle | undefined;
  private timer: NodeJS.Timeout | undefined;

  constructor(path: string) {
    this.path = path;
  }

  append(bytes: Uint8Array, done: StorageDone): void {
    this.enqueue(() => this.add(bytes), done);
  }

  sync(done: StorageDone): void {
    this.enqueue(() => withFile(this.path, "a", (handle) => handle.sync()), done);
  }

  replace(bytes: Uint8Array, done: StorageDone): void {
    const replaceNow = async () => {
      await this.letGo();
      await replaceFile(this.path, bytes);
    };
    this.enqueue(replaceNow, done);
  }

  /** Resolves when all that was asked for so far is done, and the file closed. */
  settled(): Promise<void> {
    this.queue = this.queue.then(() => this.letGo());
    return this.queue;
  }

  private async add(bytes: Uint8Array): Promise<void> {
    this.kept ??= await open(this.path, "a", 0o644);
    this.timer ??= setTimeout(() => void this.settled(), keptOpenMs).unref();
    try {
      await writeAll(this.kept.fd, bytes);
    } catch (error) {
      await this.letGo();
      throw error;
    }
  }

  private async letGo(): Promise<void> {
    clearTimeout(this.timer);
    this.timer = undefined;
    const { kept } = this;
    this.kept = undefined;
    // All that was written has been reported; only a network's file system may complain now, and its next write does so again.
    await kept?.close().catch(() => undefined);
  }

  private enqueue(work: () => Promise<void>, done: StorageDone): void {
    this.queue = this.queue.then(async () => {
      const error = await work().then(
        () => undefined,
        (problem: unknown) => describeFileFailure(problem),
      );
      // Outside of the queue, so that what `done` throws is seen as any bug is, and does not stop later writes.
      setImmediate(done, error);
    });
  }
}

async function replaceFile(path: string, bytes: Uint8Array): Promise<void> {
  const target = followLinks(path);
  const temporary = target + temporarySuffix;
  try {
    await withFile(temporary, "w", async (handle) => {
      await handle.writeFile(bytes);
      await handle.sync();
    });
    await rename(temporary, target);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
  // The new name is as durable as the folder that holds it; not every system lets a folder be synced.
  await withFile(dirname(target), "r", (handle) => handle.sync()).catch(() => undefined);
}

/** Half as much work as by the handle's own method, for what is done fifty times a second. */
function writeAll(descriptor: number, bytes: Uint8Array): Promise<void> {
  return new Promise((resolve, reject) => {
    const writeFrom = (offset: number) =>
      write(descriptor, bytes, offset, bytes.length - offset, null, (error, written) => {
        if (error !== null) reject(error);
        else if (offset + written < bytes.length) writeFrom(offset + written);
        else resolve();
      });
    writeFrom(0);
  });
}

async function withFile(path: string, flags: string, use: (handle: FileHandle) => Promise<void>): Promise<void> {
  const handle = await open(path, flags, 0o644);
  try {
    await use(handle);
  } finally {
    await handle.close();
  }
}
