/** A thread of a campaign: takes tasks one by one, and answers each. */

import { parentPort } from "node:worker_threads";
import { runSeed, type SeedTask } from "./seed-run.ts";

parentPort?.on("message", (task: SeedTask) => parentPort?.postMessage(runSeed(task)));
