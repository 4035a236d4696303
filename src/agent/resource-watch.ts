/** Notices when memory or open files run short, before they run out: then there is neither an answer nor a log line any more. */

import type { Logger } from "../base/host.ts";
import {
  collectGarbage,
  countOpenFiles,
  readAnonymousBytes,
  readHeapUsage,
  readMemoryLimit,
  readOpenFilesLimit,
  type Usage,
} from "../host/process-limits.ts";

export type Resource = "memory" | "files";

/** What is looked at. Of several kinds of memory the one that is nearest to its limit counts. */
export interface ResourceReadings {
  memory(): readonly Usage[];
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
/** Between collections of garbage while memory is short: each stops everything for a moment. */
const collectionIntervalMs = 10_000;
/** Shares of the limit from which something is short, and below which it no longer is. */
const shortFrom = 0.85;
const enoughBelow = 0.75;
const mebibyte = 2 ** 20;

export class ResourceWatch {
  private readonly options: ResourceWatchOptions;
  private readonly short = new Set<Resource>();
  private timer: NodeJS.Timeout | undefined;
  private collectAtMs = Number.NEGATIVE_INFINITY;

  constructor(options: ResourceWatchOptions) {
    this.options = options;
  }

  /** Looks every five seconds until `stop`. It keeps no process alive. */
  start(): void {
    this.timer = setInterval(() => this.check(), intervalMs).unref();
  }

  stop(): void {
    clearInterval(this.timer);
    this.timer = undefined;
  }

  /** Looks now: for whoever knows that much has just been taken. */
  check(): void {
    if (this.timer === undefined) return;
    const { readings, shed } = this.options;
    const hadShort = this.short.size > 0;
    this.judge("memory", nearestToLimit(readings.memory()));
    this.judge("files", readings.files());
    if (hadShort || this.short.size > 0) shed(this.short);
    if (this.short.has("memory") && performance.now() >= this.collectAtMs) {
      this.collectAtMs = performance.now() + collectionIntervalMs;
      readings.collect();
    }
  }

  private judge(resource: Resource, usage: Usage | undefined): void {
    if (usage === undefined) return;
    const share = usage.used / usage.limit;
    const { logger } = this.options;
    if (!this.short.has(resource) && share >= shortFrom) {
      this.short.add(resource);
      logger.log("WARN", `agent: ${describe[resource](usage)} are in use: ${consequence[resource]}`);
    } else if (this.short.has(resource) && share < enoughBelow) {
      this.short.delete(resource);
      logger.log(
        "INFO",
        `agent: ${describe[resource](usage)} are in use, no longer too much: taking new clients and streams again`,
      );
    }
  }
}

/** The readings of this very process. */
export function processReadings(): ResourceReadings {
  const memoryLimit = readMemoryLimit();
  const filesLimit = readOpenFilesLimit();
  return {
    collect: collectGarbage,
    memory: () => {
      const held = memoryLimit === undefined ? undefined : readAnonymousBytes();
      const heap = readHeapUsage();
      return held === undefined || memoryLimit === undefined ? [heap] : [heap, { used: held, limit: memoryLimit }];
    },
    files: () => {
      const used = filesLimit === undefined ? undefined : countOpenFiles(filesLimit);
      return used === undefined || filesLimit === undefined ? undefined : { used, limit: filesLimit };
    },
  };
}

const describe: Readonly<Record<Resource, (usage: Usage) => string>> = {
  memory: ({ used, limit }) => `${Math.round(used / mebibyte)} of ${Math.round(limit / mebibyte)} MiB of memory`,
  files: ({ used, limit }) => `${used} of ${limit} open files`,
};

const consequence: Readonly<Record<Resource, string>> = {
  memory: "taking no new clients and streams, and closing clients that hold much",
  files: "taking no new clients and streams",
};

function nearestToLimit(usages: readonly Usage[]): Usage | undefined {
  return usages.reduce<Usage | undefined>(
    (nearest, usage) =>
      nearest === undefined || usage.used / usage.limit > nearest.used / nearest.limit ? usage : nearest,
    undefined,
  );
}
