/** A thread of the experiment: takes cells one by one, and answers each. */

import { parentPort } from "node:worker_threads";
import { type RapidTask, runRapid } from "./rapid-run.ts";

parentPort?.on("message", (task: RapidTask) => parentPort?.postMessage(runRapid(task)));
