/** The thread of one running plugin: loads it, waits until all it builds on runs, starts it, and stops it. */

import { parentPort, workerData } from "node:worker_threads";
import { assert } from "../../base/errors.ts";
import { realTimers } from "../bench-timers.ts";
import type { FromThread, ThreadSetup, ToThread } from "./messages.ts";
import { PluginThread } from "./plugin-thread.ts";
import { redirectOutput } from "./redirect-output.ts";

assert(parentPort !== null, "this file runs as a thread of an agent");
const port = parentPort;
const thread = new PluginThread(
  workerData as ThreadSetup,
  (message: FromThread) => port.postMessage(message),
  realTimers,
);
redirectOutput((line) => thread.log(line));
// What nobody caught, at any time after the start: the plugin's failure, told while there is somebody to tell it.
process.on("uncaughtException", (error) => thread.fail(error));
process.on("unhandledRejection", (error) => thread.fail(error));
port.on("message", (message: ToThread) => thread.receive(message));
void thread.load();
