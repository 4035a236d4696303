/** What this process may use of its machine, and what it uses. */

import { openSync, readdirSync, readFileSync, readSync } from "node:fs";
import { totalmem } from "node:os";
import { getHeapStatistics, setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** How much of something is in use, and how much may be. */
export interface Usage {
  readonly used: number;
  readonly limit: number;
}

/** Kept open from the first look on: the limit can be lowered under a running process, to less than it has open. */
let limitsFile: number | undefined;
/** The table that the kernel writes is of some 1,300 bytes. */
const limitsBytesMax = 4_096;

/** How many files and sockets may be open at once; undefined where that cannot be told (only Linux tells), or where there is no limit. */
export function readOpenFilesLimit(): number | undefined {
  try {
    limitsFile ??= openSync("/proc/self/limits", "r");
    const table = Buffer.alloc(limitsBytesMax);
    const bytes = readSync(limitsFile, table, 0, limitsBytesMax, 0);
    const [, soft] = /^Max open files\s+(\d+)/m.exec(table.toString("latin1", 0, bytes)) ?? [];
    return soft === undefined ? undefined : Number(soft);
  } catch {
    return undefined;
  }
}

/** How many are open; undefined where that cannot be told. To look takes one itself: if there is none left, `limit` are open. */
export function countOpenFiles(limit: number): number | undefined {
  try {
    return readdirSync("/proc/self/fd").length;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "EMFILE" ? limit : undefined;
  }
}

/** Bytes of this process in memory; undefined where that cannot be told now, as when no file can be opened. */
export function readResidentBytes(): number | undefined {
  try {
    return process.memoryUsage.rss();
  } catch {
    return undefined;
  }
}

/** Of these, the bytes that the kernel cannot take back, as it can the pages of the program's own file. Only Linux tells. */
export function readAnonymousBytes(): number | undefined {
  try {
    const [, kib] = /^RssAnon:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8")) ?? [];
    return kib === undefined ? undefined : Number(kib) * 1_024;
  } catch {
    return undefined;
  }
}

/** The memory that a container or service gives this process, in bytes; undefined where nothing less than the machine's own bounds it. */
export function readMemoryLimit(): number | undefined {
  const limit = process.constrainedMemory();
  return limit > 0 && limit < totalmem() ? limit : undefined;
}

/** Of the heap that V8 grants JavaScript, in bytes. */
export function readHeapUsage(): Usage {
  const { used_heap_size, heap_size_limit } = getHeapStatistics();
  return { used: used_heap_size, limit: heap_size_limit };
}

/** Bytes that this thread's JavaScript holds, its buffers with them, and what is garbage by now. */
export function readHeldBytes(): number {
  const { total_physical_size, external_memory } = getHeapStatistics();
  return total_physical_size + external_memory;
}

/**
 * Has V8 collect all garbage now, which may take some tenths of a second. Left to itself it waits for allocations, and where load has just
 * been turned away there are few: the memory of what was let go would stay taken for minutes.
 */
export function collectGarbage(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("globalThis.gc");
  if (typeof collect === "function") collect();
}

/** False of a child for which no pipes could be opened, since the limit of open files is reached. Node's types leave that out. */
export function hasPipes({ stdin }: { readonly stdin: unknown }): boolean {
  return stdin !== undefined;
}
