/** Notices when memory or open files run short, before they run out: then there is neither an answer nor a log line any more. */

import type { Logger } from "../base/host.ts";
import {
  collectGarbage,
  countOpenFiles,
  readAnonymousBytes,
  readHeapUsage,
  readHeldBytes,
  readMemoryLimit,
  readOpenFilesLimit,
  type Usage,
} from "../host/process-limits.ts";
import { type MemoryUsage, MemoryVerdict } from "./memory-verdict.ts";

export type Resource = "memory" | "files";

/** What is looked at. Of several kinds of memory the one that is nearest to its limit counts. */
export interface ResourceReadings {
  memory(): readonly MemoryUsage[];
  files(): Usage | undefined;
  /** Gives back memory that is taken and no longer needed. */
  collect(): void;
}

export interface ResourceWatchOptions {
  readonly logger: Logger;
  readonly readings: ResourceReadings;
  /** Called at each look while something is short, with what it is, and once with nothing when all is well again. */
  readonly shed: (short: ReadonlySet<Resource>) => void;
}

/** Files are looked for in a folder of the kernel's: cheap, and not free. */
const intervalMs = 5_000;
/** From a look that finds memory short to the collection of what was let go, and from there to the next look: closing and freeing take a moment. */
const settleMs = 500;
/** Collections stop everything for a moment: no more than a hundredth of the time goes to them. */
const collectionRestMs = 2_000;
const collectionShare = 0.01;
/** Shares of the limit of open files from which they are short, and below which they no longer are. */
const shortFrom = 0.85;
const enoughBelow = 0.75;
const mebibyte = 2 ** 20;

export class ResourceWatch {
  private readonly options: ResourceWatchOptions;
  private readonly short = new Set<Resource>();
  private readonly memory = new MemoryVerdict();
  private timer: NodeJS.Timeout | undefined;
  private settling: NodeJS.Timeout | undefined;
  private collectAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ResourceWatchOptions) {
    this.options = options;
  }

  /** Looks every five seconds until `stop`, and more often while memory is short. It keeps no process alive. */
  start(): void {
    this.timer = setInterval(() => this.check(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    clearTimeout(this.settling);
    this.timer = undefined;
  }

  /** Looks now: for whoever knows that much has just been taken. */
  check(): void {
    if (this.timer === undefined) return;
    const { readings, shed } = this.options;
    const hadShort = this.short.size > 0;
    this.judgeMemory(nearestToLimit(readings.memory()));
    this.judgeFiles(readings.files());
    if (hadShort || this.short.size > 0) shed(this.short);
    if (this.short.has("memory")) this.collectSoon();
  }

  /** What clients held is garbage once they are closed, and counts until it is collected. */
  private collectSoon(): void {
    const dueMs = Math.max(settleMs, this.collectAtMs - performance.now());
    this.settling ??= setTimeout(() => this.collect(), dueMs).unref();
  }

  private collect(): void {
    const startedAtMs = performance.now();
    this.options.readings.collect();
    const endedAtMs = performance.now();
    this.collectAtMs = endedAtMs + Math.max(collectionRestMs, (endedAtMs - startedAtMs) / collectionShare);
    this.memory.collected();
    this.settling = setTimeout(() => {
      this.settling = undefined;
      this.check();
    }, settleMs).unref();
  }

  private judgeMemory(usage: MemoryUsage | undefined): void {
    if (usage === undefined) return;
    this.memory.look(usage);
    const inUse = `${mebibytes(usage.used)} of ${mebibytes(usage.limit)} MiB of memory are in use`;
    const held = this.memory.allocatorKeeps
      ? `${inUse}, and only ${mebibytes(usage.held)} MiB hold anything`
      : `${inUse}, no longer too much`;
    this.note("memory", this.memory.isShort, inUse, held);
  }

  private judgeFiles(usage: Usage | undefined): void {
    if (usage === undefined) return;
    const share = usage.used / usage.limit;
    const isShort = share >= (this.short.has("files") ? enoughBelow : shortFrom);
    const inUse = `${usage.used} of ${usage.limit} open files are in use`;
    this.note("files", isShort, inUse, `${inUse}, no longer too much`);
  }

  private note(resource: Resource, isShort: boolean, inUse: string, noLonger: string): void {
    if (isShort === this.short.has(resource)) return;
    const { logger } = this.options;
    if (isShort) {
      this.short.add(resource);
      logger.log("WARN", `agent: ${inUse}: ${consequence[resource]}`);
    } else {
      this.short.delete(resource);
      logger.log("INFO", `agent: ${noLonger}: taking new clients and streams again`);
    }
  }
}

/** The readings of this very process. */
export function processReadings(): ResourceReadings {
  const memoryLimit = readMemoryLimit();
  return {
    collect: collectGarbage,
    memory: () => {
      const used = memoryLimit === undefined ? undefined : readAnonymousBytes();
      const heap = readHeapUsage();
      const ofHeap = { ...heap, held: heap.used };
      if (used === undefined || memoryLimit === undefined) return [ofHeap];
      return [ofHeap, { used, held: readHeldBytes(), limit: memoryLimit }];
    },
    files: () => {
      const limit = readOpenFilesLimit();
      const used = limit === undefined ? undefined : countOpenFiles(limit);
      return used === undefined || limit === undefined ? undefined : { used, limit };
    },
  };
}

const consequence: Readonly<Record<Resource, string>> = {
  memory: "taking no new clients and streams, and closing clients that hold much",
  files: "taking no new clients and streams",
};

function mebibytes(bytes: number): number {
  return Math.round(bytes / mebibyte);
}

function nearestToLimit(usages: readonly MemoryUsage[]): MemoryUsage | undefined {
  return usages.reduce<MemoryUsage | undefined>(
    (nearest, usage) =>
      nearest === undefined || usage.used / usage.limit > nearest.used / nearest.limit ? usage : nearest,
    undefined,
  );
}
