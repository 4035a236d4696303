/** A thread of the experiment: takes clusters one by one, and answers each. */

import { parentPort } from "node:worker_threads";
import { type ClusterTask, measure } from "./dissemination-run.ts";

parentPort?.on("message", (task: ClusterTask) => parentPort?.postMessage({ task, results: measure(task) }));
