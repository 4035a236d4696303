import { concatBytes, emptyBytes } from "../base/bytes.ts";

interface FileContent {
  bytes: Uint8Array;
  /** How many of the bytes outlive a loss of power. */
  syncedBytes: number;
}

/**
 * The files of one machine, in memory. Faults are set by a scenario. What a process had under way when it
 * crashed is lost, but for its first write, of which `tornBytes` arrive.
 */
export class SimulatedDisk {
  /** Bytes that all files together may hold. A write that passes it fails, and leaves behind what still fitted. */
  capacityBytes = Number.POSITIVE_INFINITY;
  /** While true every write fails, and nothing can be opened. */
  isReadOnly = false;
  /** How long a write takes, in milliseconds. To be changed only while none is under way. */
  latencyMs = 1;
  /** Of an append under way in a crash, so many bytes are written. */
  tornBytes = 0;
  private readonly files = new Map<string, FileContent>();

  /** The bytes of a file as a reader would find them now. */
  read(path: string): Uint8Array | undefined {
    return this.files.get(path)?.bytes;
  }

  /** What an operator does with an editor, say. Faults do not stop it. */
  write(path: string, bytes: Uint8Array): void {
    this.files.set(path, { bytes: bytes.slice(), syncedBytes: bytes.length });
  }

  /** Removes the file, if it is there. */
  remove(path: string): void {
    this.files.delete(path);
  }

  /** What was not synced is gone, but for `keptBytes` of each file's. Processes of the machine are to be crashed besides. */
  losePower(keptBytes = 0): void {
    for (const file of this.files.values())
      file.bytes = file.bytes.slice(0, Math.min(file.bytes.length, file.syncedBytes + keptBytes));
  }

  /** Adds bytes to a file, which is created if it is missing; returns what went wrong. */
  append(path: string, bytes: Uint8Array): string | undefined {
    if (this.isReadOnly) return `open ${path}: read-only file system`;
    const file = this.files.get(path) ?? { bytes: emptyBytes, syncedBytes: 0 };
    const freeBytes = Math.max(0, this.capacityBytes - this.usedBytes());
    file.bytes = concatBytes(file.bytes, bytes.subarray(0, Math.min(bytes.length, freeBytes)));
    this.files.set(path, file);
    return bytes.length > freeBytes ? `write ${path}: no space left on device` : undefined;
  }

  /** Lets the file outlive a loss of power. Returns what went wrong, if anything. */
  sync(path: string): string | undefined {
    const file = this.files.get(path);
    if (file === undefined) return `open ${path}: no such file or directory`;
    file.syncedBytes = file.bytes.length;
    return undefined;
  }

  /** Old and new content are both on the disk for a moment. */
  replace(path: string, bytes: Uint8Array): string | undefined {
    if (this.isReadOnly) return `open ${path}: read-only file system`;
    if (this.usedBytes() + bytes.length > this.capacityBytes) return `write ${path}: no space left on device`;
    this.write(path, bytes);
    return undefined;
  }

  private usedBytes(): number {
    let used = 0;
    for (const file of this.files.values()) used += file.bytes.length;
    return used;
  }
}
