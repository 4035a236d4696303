/** Real threads. */

import { Worker } from "node:worker_threads";
import { messageOf } from "../base/errors.ts";
import type { FromThread, ThreadSetup, ToThread } from "../plugins/thread/messages.ts";

/** A thread that was started. */
export interface ThreadHandle {
  /** Does nothing once it has ended. */
  post(message: ToThread): void;
  /** Ends it, whatever it does. `ended` is called. */
  terminate(): void;
}

export interface ThreadListener {
  received(message: FromThread): void;
  /** Called once. Nothing is received afterwards. */
  ended(why: string): void;
}

export type SpawnThread = (setup: ThreadSetup, listener: ThreadListener) => ThreadHandle;

const heapMbMax = 256;

/** Starts threads that run the file at `path`, each with a heap of its own that is bounded. */
export function workerThreads(path: string | URL): SpawnThread {
  return (setup, listener) => {
    const worker = new Worker(path, {
      workerData: setup,
      name: `plugin ${setup.instance}`,
      resourceLimits: { maxOldGenerationSizeMb: heapMbMax, maxYoungGenerationSizeMb: 32 },
      execArgv: [],
      stdout: true,
      stderr: true,
    });
    // The thread turns what it prints into lines of its log. What comes here is what Node itself says, when memory runs out.
    worker.stdout.resume();
    worker.stderr.resume();
    let why: string | undefined;
    worker.on("message", (message: FromThread) => listener.received(message));
    worker.on("error", (error: NodeJS.ErrnoException) => {
      why ??=
        error.code === "ERR_WORKER_OUT_OF_MEMORY" ? `it takes more than ${heapMbMax} MiB of memory` : messageOf(error);
    });
    worker.on("exit", (code) => listener.ended(why ?? `it ended its thread by process.exit(${code})`));
    return {
      post: (message) => worker.postMessage(message),
      terminate: () => void worker.terminate(),
    };
  };
}
