/** A thread of the experiment: takes cells one by one, and answers each. */

import { parentPort } from "node:worker_threads";
import { type Cell, type DetectionTask, runCell, runDetection } from "./lifeguard-run.ts";

parentPort?.on("message", (task: Cell | DetectionTask) =>
  parentPort?.postMessage("dead" in task ? runDetection(task) : runCell(task)),
);
